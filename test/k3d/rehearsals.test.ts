import { readdir, readlink } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findDocker } from "../../ci/docker.ts";
import { type Registry, startRegistry } from "../../ci/stand-in/registry-server.ts";
import { docker, dockerLines } from "../../src/engine/k3d/docker.ts";
import { ownedClusters } from "../../src/engine/k3d/leftovers.ts";
import { faults, withFaults } from "./faults.ts";
import { startGitServer } from "./git-server.ts";
import { homelab, type Running, rehearsal, startRehearsal } from "./homelab.ts";

const dockerAnswers = (await findDocker()).unavailable === undefined;

/** The cluster that a run has made, or is making. */
async function clusterOf({ pid }: Running): Promise<string> {
  const cluster = (await ownedClusters()).find(({ owner }) => owner.pid === pid);
  if (cluster === undefined) throw new Error("the run has no cluster");
  return cluster.name;
}

/** Names of containers, volumes and networks of a cluster. */
async function inDocker(cluster: string): Promise<string[]> {
  const lists = await Promise.all([
    dockerLines(["ps", "--all", "--format", "{{.Names}}"]),
    dockerLines(["volume", "ls", "--quiet"]),
    dockerLines(["network", "ls", "--format", "{{.Name}}"]),
  ]);
  return lists.flat().filter((name) => name.includes(cluster));
}

/** Pids of processes whose working directory lies in a folder that a run had for itself. */
async function processesIn(folder: string): Promise<string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const folders = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => "")));
  return pids.filter((_, index) => folders[index]?.startsWith(folder));
}

describe.runIf(dockerAnswers)("rehearsals on real containers (needs Docker)", () => {
  let registry: Registry;
  beforeAll(async () => {
    registry = await startRegistry();
  });
  afterAll(() => registry?.[Symbol.asyncDispose]());

  describe.concurrent("two at once on one host", () => {
    test("a homelab whose Argo CD manages itself is green, and its web server has answered", async () => {
      await using repository = await homelab(registry.k3dConfig);
      await repository.commit({ "README.md": "A homelab.\n" }, "change");
      const { exitCode, verdict, progress, files } = await rehearsal(repository.folder, "--engine", "k3d");
      expect({ exitCode, result: verdict.result }, progress).toEqual({ exitCode: 0, result: "passed" });
      expect(verdict.engine?.name).toBe("k3d");
      expect(verdict.argocd?.running).toBe("v3.6.1");
      expect(verdict.applications.map(({ name, state }) => [name, state])).toEqual([
        ["argocd", "passed"],
        ["root", "passed"],
        ["storage", "passed"],
        ["web", "passed"],
      ]);
      expect(verdict.evidence?.mergeServed).toBeGreaterThan(0);
      expect(files).toEqual([]);
    });

    test("what only containers can show is red, each with its own reason", async () => {
      await using repository = await homelab(registry.k3dConfig, {
        "root/children/argocd.yaml": () => undefined,
      });
      const nowhere = (text: string) =>
        text.replace("  selector:\n    app: web\n  ports", "  selector:\n    app: nobody\n  ports");
      await repository.commit({ ...withFaults(faults), "applications/web/web.yaml": nowhere }, "change");
      const { exitCode, verdict, progress } = await rehearsal(repository.folder, "--engine", "k3d");
      expect(exitCode, progress).toBe(1);
      const found = Object.fromEntries(
        verdict.applications.map((application) => [application.name, application]),
      );
      const reason = (name: string) => ({ ...found[name]?.reason, state: found[name]?.state });
      const at = (name: string) => ({ file: `applications/${name}/deployment.yaml` });
      expect(reason("crash")).toMatchObject({
        state: "failed",
        code: "crash",
        class: "change",
        place: at("crash"),
      });
      expect(reason("crash").message).toContain("exit code 7");
      expect(found.crash?.diagnosis?.pods.flatMap(({ lines }) => lines).join("\n")).toContain(
        "no database at db:5432",
      );
      expect(reason("image")).toMatchObject({
        state: "failed",
        code: "image",
        class: "change",
        place: at("image"),
      });
      expect(reason("image").message).toMatch(/ghcr\.io\/you\/nothing:9.*not found/);
      expect(reason("probe")).toMatchObject({
        state: "failed",
        code: "probe",
        class: "change",
        place: at("probe"),
      });
      expect(reason("probe").message).toContain("404");
      expect(reason("size")).toMatchObject({
        state: "failed",
        code: "unschedulable",
        class: "change",
        place: at("size"),
      });
      expect(reason("web"), "no one answers for its Service").toMatchObject({
        state: "failed",
        code: "hook",
      });
      expect(found.storage?.state).toBe("passed");
    });
  });

  test("the simulated engine passes the same, and says that it could not see it", async () => {
    await using repository = await homelab(registry.k3dConfig, {
      "root/children/argocd.yaml": () => undefined,
      "root/children/web.yaml": () => undefined,
    });
    await repository.commit(withFaults(["crash", "image", "probe"]), "change");
    const { exitCode, verdict, progress } = await rehearsal(repository.folder, "--engine", "simulated");
    expect(exitCode, progress).toBe(0);
    for (const name of ["crash", "image", "probe"]) {
      const application = verdict.applications.find((candidate) => candidate.name === name);
      expect(application?.notProven.flatMap(({ resources }) => resources)).toContain(
        `apps/Deployment ${name}/${name}`,
      );
    }
  });

  test("a repo-server that loses its proxy in the middle is red", async () => {
    const original = "https://github.com/you/homelab.git";
    await using upstream = await startGitServer();
    // The host is really there, and has the same manifests: only their revision tells that it was asked.
    const there = (text: string) => text.replaceAll(original, upstream.url);
    await using repository = await homelab(registry.k3dConfig, {
      ".rehearsal.yaml": there,
      "root/root.yaml": there,
      "root/children/argocd.yaml": () => undefined,
      "root/children/storage.yaml": there,
      "root/children/web.yaml": there,
    });
    await upstream.serve(repository.folder);
    await repository.commit({ "README.md": "A homelab.\n" }, "change");
    await using run = await startRehearsal(repository.folder, "--engine", "k3d");
    await run.untilSaid("✓ Waiting for Argo CD to run");
    const cluster = await clusterOf(run);
    const kubectl = (...args: string[]) => docker(["exec", `k3d-${cluster}-server-0`, "kubectl", ...args]);
    await kubectl("delete", "mutatingwebhookconfigurations", "--all");
    // Recreate: the old Pod is gone before the new one serves.
    const strategy = { type: "Recreate", rollingUpdate: null };
    const alias = { hostAliases: [{ ip: upstream.address, hostnames: [upstream.host] }] };
    const patch = JSON.stringify({ spec: { strategy, template: { spec: alias } } });
    await kubectl("--namespace=argocd", "patch", "deployment", "argocd-repo-server", `--patch=${patch}`);
    const { exitCode, verdict } = await run.ended();
    if (process.env.SHOW) process.stderr.write(`${run.progress()}\n`);
    expect(exitCode, run.progress()).toBe(3);
    expect(verdict.result).toBe("infrastructure");
    expect(upstream.requests(), "it was really there to be asked").toBeGreaterThan(0);
    expect(await inDocker(cluster)).toEqual([]);
  });

  describe.concurrent("after SIGTERM nothing is left", () => {
    test.for(["Creating a node", "Installing Argo CD", "Waiting for Argo CD to run", "storage: "])(
      "in the stage “%s”",
      async (stage) => {
        await using repository = await homelab(registry.k3dConfig);
        await using run = await startRehearsal(repository.folder, "--engine", "k3d", "--verbose");
        await run.untilSaid(stage);
        await sleep(500);
        const cluster = await clusterOf(run);
        run.kill("SIGTERM");
        const { exitCode, verdict } = await run.ended();
        expect(exitCode, run.progress()).toBe(3);
        expect(verdict.summary).toBe("interrupted by SIGTERM");
        expect(await run.files()).toEqual([]);
        expect(await processesIn(run.temporary)).toEqual([]);
        expect(await inDocker(cluster)).toEqual([]);
      },
    );
  });
});
