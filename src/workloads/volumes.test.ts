import { describe, expect, it } from "vitest";
import { claim, event, pod, said } from "./pod-fixture.ts";
import { examineClaim, preparationFailure } from "./volumes.ts";

const web = pod();

function prepared(...messages: (readonly [reason: string, message: string])[]) {
  const failure = preparationFailure(
    messages.map(([reason, message], index) => ({
      event: event(web, reason, message),
      seenAt: 1_000 + index,
    })),
  );
  return failure && { ...failure.reason, finality: failure.finality };
}

describe("a Pod that cannot begin", () => {
  it("wants a ConfigMap that is not there, which may still come", () => {
    expect(prepared(["FailedMount", said.configMap])).toEqual({
      code: "volume",
      class: "change",
      message: 'volume "config" cannot be mounted: configmap "absent" not found',
      finality: { when: "tried", beganAt: 1_000 },
    });
    expect(
      prepared(["FailedMount", 'MountVolume.SetUp failed for volume "tls" : secret "tls" not found'])?.class,
    ).toBe("change");
    expect(
      prepared([
        "FailedMount",
        'MountVolume.SetUp failed for volume "c" : configmap references non-existent config key: app.ini',
      ])?.class,
    ).toBe("change");
  });

  it("wants a directory that only the machines at home have", () => {
    expect(prepared(["FailedMount", said.hostPath])).toMatchObject({
      code: "unsupported",
      class: "infrastructure",
      message: expect.stringMatching(/^volume "nas" cannot be mounted: hostPath type check failed/),
    });
    const nfs =
      'MountVolume.SetUp failed for volume "media" : mount failed: exit status 32\nMounting command: mount\nOutput: mount.nfs: Connection timed out';
    expect(prepared(["FailedMount", nfs])).toMatchObject({ code: "unsupported", class: "infrastructure" });
  });

  it("has caches to fill for some time", () => {
    const message =
      'MountVolume.SetUp failed for volume "kube-api-access" : failed to sync configmap cache: timed out waiting for the condition';
    expect(prepared(["FailedMount", message])?.finality).toEqual({ when: "lasting", ms: 180_000 });
  });

  it("is explained by what failed, and not by the sum of it", () => {
    const sum =
      "Unable to attach or mount volumes: unmounted volumes=[config], unattached volumes=[config]: timed out waiting for the condition";
    expect(prepared(["FailedMount", said.configMap], ["FailedMount", sum])?.message).toContain(
      'configmap "absent" not found',
    );
    expect(prepared(["FailedMount", sum])?.message).toContain("unmounted volumes=[config]");
  });

  it("without a sandbox is not the change's fault", () => {
    const message =
      'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "1": plugin type="bridge" failed (add): no IP addresses available';
    expect(prepared(["FailedCreatePodSandBox", message])).toMatchObject({
      code: "machine",
      class: "infrastructure",
      message: expect.stringMatching(/^the Pod's sandbox cannot be made: .* failed to setup network/),
    });
  });

  it("says nothing by events of other kinds", () =>
    expect(prepared(["BackOff", "x"], ["Unhealthy", "y"])).toBeUndefined());
});

describe("a claim", () => {
  const look = (of: ReturnType<typeof claim>, reason: string, message: string, used = true) =>
    examineClaim(of, [event(of, reason, message)], { used });
  const quiet = { when: "quiet" };

  it("that is bound is well", () => {
    expect(examineClaim(claim("Bound"), [event(claim(), "ProvisioningFailed", "x")], { used: true })).toEqual(
      { state: "well" },
    );
  });

  it("without a class gets no volume", () => {
    const message = "no persistent volumes available for this claim and no storage class is set";
    expect(look(claim(), "FailedBinding", message)).toEqual({
      state: "failing",
      reason: { code: "volume", class: "change", message: `claim data gets no volume: ${message}` },
      finality: quiet,
    });
  });

  it("of a class that is not there gets none", () => {
    expect(
      look(claim("Pending", "fast"), "ProvisioningFailed", 'storageclass.storage.k8s.io "fast" not found'),
    ).toMatchObject({
      reason: {
        message: 'claim data (class fast) gets no volume: storageclass.storage.k8s.io "fast" not found',
      },
      finality: quiet,
    });
  });

  it("whose provisioner does not run gets none", () => {
    const message =
      "Waiting for a volume to be created either by the external provisioner 'driver.longhorn.io' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.";
    expect(look(claim("Pending", "longhorn"), "ExternalProvisioning", message)).toMatchObject({
      reason: { message: "claim data gets no volume: its provisioner driver.longhorn.io has made none yet" },
      finality: quiet,
    });
  });

  it("that waits for its Pod has failed only where there is none", () => {
    const message = "waiting for first consumer to be created before binding";
    expect(look(claim(), "WaitForFirstConsumer", message, true)).toMatchObject({ state: "working" });
    expect(look(claim(), "WaitForFirstConsumer", message, false)).toMatchObject({
      state: "failing",
      reason: { message: "claim data waits for its first consumer, and no Pod uses it" },
      finality: quiet,
    });
  });

  it("of which nobody has said anything yet is on its way", () => {
    expect(examineClaim(claim(), [], { used: true }).state).toBe("working");
    expect(examineClaim(claim("Lost"), [], { used: true }).state).toBe("failing");
  });
});
