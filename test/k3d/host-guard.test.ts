import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findDocker } from "../../ci/docker.ts";
import { type Registry, startRegistry } from "../../ci/stand-in/registry-server.ts";
import { docker } from "../../src/engine/k3d/docker.ts";
import { ownedClusters } from "../../src/engine/k3d/leftovers.ts";
import { type Edits, homelab, rehearsal, startRehearsal } from "./homelab.ts";

const dockerAnswers = (await findDocker()).unavailable === undefined;

/** An Application whose DaemonSet reads the host's files, as a node exporter does. */
const exporter: Edits = {
  "root/children/exporter.yaml": `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: exporter
  namespace: argocd
spec:
  project: default
  source:
    repoURL: https://github.com/you/homelab.git
    targetRevision: main
    path: applications/exporter
  destination:
    server: https://kubernetes.default.svc
    namespace: exporter
  syncPolicy:
    automated: {}
    syncOptions: [CreateNamespace=true]
`,
  "applications/exporter/daemon-set.yaml": `apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: exporter
spec:
  selector:
    matchLabels: { app: exporter }
  template:
    metadata:
      labels: { app: exporter }
    spec:
      hostPID: true
      containers:
        - name: exporter
          image: docker.io/library/busybox:1.37
          command: [sleep, "3600"]
          volumeMounts: [{ name: root, mountPath: /host, readOnly: true }]
      volumes: [{ name: root, hostPath: { path: / } }]
`,
};

const waiving = (...names: string[]) => ({
  ".rehearsal.yaml": (text: string) => `${text}hostAccess: ${JSON.stringify(names)}\n`,
});
/** What the homelab itself needs: a provisioner of its own, which makes volumes of the host's files. */
const ofStorage = ["local-path-storage/helper-pod-*", "web/web"];
const without = { "root/children/argocd.yaml": () => undefined };

describe.runIf(dockerAnswers)("on a machine that outlives the rehearsal (needs Docker)", () => {
  let registry: Registry;
  beforeAll(async () => {
    registry = await startRegistry();
  });
  afterAll(() => registry?.[Symbol.asyncDispose]());

  test("a DaemonSet that reads the host's files is refused, whatever the change itself waives", async () => {
    await using repository = await homelab(registry.k3dConfig, { ...without, ...waiving(...ofStorage) });
    const also = (text: string) => text.replace("hostAccess: [", 'hostAccess: ["exporter/exporter",');
    await repository.commit({ ...exporter, ".rehearsal.yaml": also }, "change");
    const { exitCode, verdict, progress } = await rehearsal(
      repository.folder,
      ...["--engine", "k3d", "--guard-host"],
    );
    const found = verdict.applications.find(({ name }) => name === "exporter");
    expect({ exitCode, state: found?.state, ...found?.reason }, progress).toMatchObject({
      exitCode: 2,
      state: "failed",
      code: "forbidden",
      class: "configuration",
      message:
        'DaemonSet exporter/exporter would get hold of the machine that runs this rehearsal: hostPID, hostPath. A maintainer who trusts it with that waives it by name in .rehearsal.yaml on the base: hostAccess: ["exporter/exporter"]',
    });
    expect(verdict.summary).toContain("not allowed on this machine: exporter");
  });

  test("one that the base waives runs", async () => {
    const waived = waiving(...ofStorage, "exporter/exporter");
    await using repository = await homelab(registry.k3dConfig, { ...without, ...waived });
    await repository.commit(exporter, "change");
    const { exitCode, verdict, progress } = await rehearsal(
      repository.folder,
      ...["--engine", "k3d", "--guard-host"],
    );
    expect({ exitCode, summary: verdict.summary }, progress).toMatchObject({ exitCode: 0 });
    expect(verdict.applications.find(({ name }) => name === "exporter")?.state).toBe("passed");
  });

  test("a guard that is removed in the middle ends the rehearsal, red", async () => {
    await using repository = await homelab(registry.k3dConfig, { ...without, ...waiving(...ofStorage) });
    await repository.commit({ "README.md": "A homelab.\n" }, "change");
    await using run = await startRehearsal(repository.folder, "--engine", "k3d", "--guard-host");
    await run.untilSaid("✓ Guarding this machine");
    const cluster = (await ownedClusters()).find(({ owner }) => owner.pid === run.pid)?.name;
    const kubectl = ["exec", `k3d-${cluster}-server-0`, "kubectl"];
    await docker([...kubectl, "delete", "validatingadmissionpolicybindings", "--all"]);
    const { exitCode, verdict } = await run.ended();
    expect({ exitCode, summary: verdict.summary }, run.progress()).toEqual({
      exitCode: 3,
      summary: expect.stringMatching(/^the guard of the machine .* was removed in the middle of it/),
    });
  });
});
