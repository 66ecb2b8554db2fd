import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findDocker } from "../../ci/docker.ts";
import { standIn } from "../../ci/stand-in/build.ts";
import type { EngineSettings } from "../../src/engine/engine.ts";
import { docker, dockerLines } from "../../src/engine/k3d/docker.ts";
import { archiveName } from "../../src/engine/k3d/image-cache.ts";
import { importImages } from "../../src/engine/k3d/image-import.ts";
import { provideImages } from "../../src/engine/k3d/images.ts";
import { k3dEngine } from "../../src/engine/k3d/k3d-engine.ts";
import { claim, ownedClusters, remainsOf, removeLeftovers } from "../../src/engine/k3d/leftovers.ts";
import { thisProcess, viewFromHere } from "../../src/engine/k3d/owner.ts";
import { messageOf } from "../../src/runner/errors.ts";
import { silentLog } from "../../src/runner/log.ts";
import { describeEngine, noSettings, start } from "../engine/contract.ts";

const images = (await findDocker()).unavailable === undefined ? await standIn() : undefined;
const [web] = images?.images.web ?? ["no-image"];

function settings(text = ""): EngineSettings {
  const head = `apiVersion: k3d.io/v1alpha5\nkind: Simple\nimage: ${images?.node}\n`;
  const config = { path: "k3d.yaml", place: { file: ".rehearsal.yaml" }, text: head + text };
  return { ...noSettings, k3d: { config, images: [web], imageCache: undefined } };
}

describe.runIf(images)("with Docker", () => {
  describeEngine(k3dEngine, {
    containers: "real",
    settings: async () => settings(),
    remains: ours,
    image: web,
    // While Docker is looked at, while k3d makes containers, while they start, and near the end.
    abortAfter: [100, 1_000, 2_500, 8_000],
  });

  describe("k3d", () => {
    it("makes agents, labels, and arguments as the user's file says", async () => {
      const text =
        'agents: 1\noptions:\n  k3s:\n    nodeLabels:\n      - label: zone=a\n        nodeFilters: ["agent:0"]\n';
      await using run = await start(k3dEngine, { settings: async () => settings(text) });
      const { items } = await run.client.list("v1", "Node");
      expect(items).toHaveLength(2);
      expect(items.filter(({ metadata }) => metadata.labels?.zone === "a")).toHaveLength(1);
    });

    it("says where the user's file is wrong, and leaves nothing", async () => {
      const before = await ours();
      const failure = start(k3dEngine, { settings: async () => settings("server: 2\n") });
      await expect(failure).rejects.toMatchObject({
        name: "UsageError",
        message: expect.stringContaining("Additional property server is not allowed"),
        where: { file: "k3d.yaml" },
      });
      expect(await ours()).toEqual(before);
    });

    it("gives the end of a node's log where it does not come up, and leaves nothing", async () => {
      const before = await ours();
      const text =
        'options:\n  k3d:\n    timeout: 20s\nvolumes:\n  - volume: /dev/null:/bin/k3s\n    nodeFilters: ["server:*"]\n';
      const failure = start(k3dEngine, { settings: async () => settings(text) });
      await expect(failure).rejects.toMatchObject({
        name: "InfrastructureError",
        message: expect.stringMatching(
          /^k3d could not create the cluster: .*the end of k3d-rehearsal-\w+-server-0's log: /,
        ),
      });
      expect(await ours()).toEqual(before);
    });

    it("names an image that its registry does not have, with the registry's answer", async () => {
      const failing = { ...settings(), k3d: { ...settings().k3d, images: ["registry.invalid/none:1"] } };
      const failure = start(k3dEngine, { settings: async () => failing });
      await expect(failure).rejects.toMatchObject({
        name: "InfrastructureError",
        message: expect.stringMatching(
          /^the image registry\.invalid\/none:1 could not be pulled: .*registry\.invalid/,
        ),
      });
    });

    it("is lost when a node's container ends", async () => {
      await using run = await start(k3dEngine, { settings: async () => settings() });
      const [node] = await dockerLines(["ps", "--quiet", "--filter", `name=${await nodeOf(run.client)}`]);
      await docker(["kill", node ?? ""]);
      const since = Date.now();
      while (!run.cluster.lost.aborted && Date.now() - since < 20_000) await sleep(100);
      expect(messageOf(run.cluster.lost.reason)).toMatch(
        /^the cluster failed under the rehearsal: the node k3d-rehearsal-\w+-server-0 (is|ended)/,
      );
    });

    it("brings images of Docker's into a node", async () => {
      const other = "stand-in-contract/piped:1";
      await using run = await start(k3dEngine, { settings: async () => settings() });
      await docker(["tag", web, other]);
      try {
        const node = await nodeOf(run.client);
        await importImages([other], [node], new AbortController().signal);
        const listed = await docker(["exec", node, "ctr", "image", "ls", "-q"]);
        expect(listed).toContain(other);
        await expect(
          importImages(["stand-in-contract/none:1"], [node], new AbortController().signal),
        ).rejects.toThrow(/^stand-in-contract\/none:1 could not be imported into /);
      } finally {
        await docker(["rmi", other]);
      }
    });
  });

  describe("leftovers", () => {
    it("of a run that ended are removed, those of one that runs are not", async () => {
      const signal = new AbortController().signal;
      const owner = await thisProcess();
      await claim("rehearsal-alive0", owner, signal);
      await claim("rehearsal-dead0", { ...owner, started: "1" }, signal);
      await docker([
        "volume",
        "create",
        "--label",
        "k3d.cluster=rehearsal-dead0",
        "k3d-rehearsal-dead0-images",
      ]);
      await docker(["network", "create", "k3d-rehearsal-dead0"]);
      await docker([
        ...["create", "--label", "k3d.cluster=rehearsal-dead0", "--network", "k3d-rehearsal-dead0"],
        ...["--name", "k3d-rehearsal-dead0-server-0", web],
      ]);
      try {
        await removeLeftovers(await viewFromHere(true), silentLog, signal);
        const names = (await ownedClusters()).map(({ name }) => name);
        expect(names).toContain("rehearsal-alive0");
        expect(names).not.toContain("rehearsal-dead0");
        expect(await remainsOf("rehearsal-dead0")).toEqual({ containers: [], networks: [], volumes: [] });
      } finally {
        await docker(["volume", "rm", "rehearsal-alive0"]);
      }
    });
  });

  describe("the cache of images", () => {
    let cache = "";
    const image = "stand-in-contract/cached:1";
    const log = silentLog;
    const signal = new AbortController().signal;
    beforeAll(async () => {
      cache = await mkdtemp(join(tmpdir(), "image-cache-"));
    });
    afterAll(() => rm(cache, { recursive: true, force: true }));

    it("gives Docker what it lacks, without a registry", async () => {
      await docker(["tag", web, image]);
      await docker(["save", "--output", join(cache, archiveName(image)), image]);
      await docker(["rmi", image]);
      try {
        await provideImages({ images: [image], cache, log, signal });
        expect(await docker(["image", "inspect", "--format", "{{.RepoTags}}", image])).toContain(image);
      } finally {
        await docker(["rmi", image]);
      }
    });

    it("drops an archive that is damaged", async () => {
      const damaged = "registry.invalid/damaged:1";
      await docker(["save", "--output", join(cache, archiveName(damaged)), web]); // holds another image
      await expect(provideImages({ images: [damaged], cache, log, signal })).rejects.toThrow(
        /^the image registry\.invalid\/damaged:1 could not be pulled/,
      );
      expect(await readdir(cache)).toEqual([archiveName(image)]);
    });
  });
});

/** What Docker has of clusters of ours, but for those of other processes that run now. */
async function ours(): Promise<string[]> {
  const [containers, volumes, networks, clusters] = await Promise.all([
    dockerLines(["ps", "--all", "--format", "{{.Names}}"]),
    dockerLines(["volume", "ls", "--quiet"]),
    dockerLines(["network", "ls", "--format", "{{.Name}}"]),
    ownedClusters(),
  ]);
  const others = clusters.filter(({ owner }) => owner.pid !== process.pid).map(({ name }) => name);
  return [...containers, ...volumes, ...networks]
    .filter((name) => /rehearsal-[0-9a-f]{8}/.test(name) && !others.some((other) => name.includes(other)))
    .sort();
}

async function nodeOf(client: {
  list(apiVersion: string, kind: string): Promise<{ items: { metadata: { name: string } }[] }>;
}): Promise<string> {
  const [node] = (await client.list("v1", "Node")).items;
  if (node === undefined) throw new Error("no node");
  return node.metadata.name;
}
