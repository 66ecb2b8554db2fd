import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findDocker } from "../../ci/docker.ts";
import { standIn } from "../../ci/stand-in/build.ts";
import { type Registry, startRegistry } from "../../ci/stand-in/registry-server.ts";
import { existingEngine } from "../../src/engine/existing/existing-engine.ts";
import { k3dEngine } from "../../src/engine/k3d/k3d-engine.ts";
import { describeEngine, noSettings, type StartedCluster, start } from "../engine/contract.ts";
import { titlesOf } from "../engine/existing-fixture.ts";
import { homelab, rehearsal } from "./homelab.ts";

const dockerAnswers = (await findDocker()).unavailable === undefined;
const [web] = dockerAnswers ? (await standIn()).images.web : [""];

describe.runIf(dockerAnswers)("on somebody's cluster, made by k3d (needs Docker)", () => {
  const before = process.env.KUBECONFIG;
  let registry: Registry;
  let someones: StartedCluster;

  beforeAll(async () => {
    registry = await startRegistry();
    const config = { path: "k3d.yaml", place: { file: ".rehearsal.yaml" }, text: registry.k3dConfig };
    someones = await start(k3dEngine, {
      settings: async () => ({ ...noSettings, k3d: { ...noSettings.k3d, config, images: [web] } }),
    });
    process.env.KUBECONFIG = someones.cluster.kubeconfig;
    await someones.client.apply({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "theirs", namespace: "default" },
      data: { mine: "no" },
    });
  });

  afterAll(async () => {
    if (before === undefined) delete process.env.KUBECONFIG;
    else process.env.KUBECONFIG = before;
    await someones?.[Symbol.asyncDispose]();
    await registry?.[Symbol.asyncDispose]();
  });

  describeEngine(existingEngine, {
    containers: "real",
    settings: async () => noSettings,
    remains: () => titlesOf(someones.client),
    image: web,
    shared: true,
    abortAfter: [10, 80],
  });

  test("the homelab is green, and nothing of it stays", async () => {
    const there = await titlesOf(someones.client);
    await using repository = await homelab(registry.k3dConfig);
    await repository.commit({ "README.md": "A homelab.\n" }, "change");
    const { exitCode, verdict, progress } = await rehearsal(repository.folder, "--engine", "existing");
    expect({ exitCode, result: verdict.result }, progress).toEqual({ exitCode: 0, result: "passed" });
    expect(verdict.engine?.name).toBe("existing");
    expect(verdict.applications).toHaveLength(4);
    expect(await titlesOf(someones.client)).toEqual(there);
  });
});
