import { readdir, readFile, readlink, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { parseClaim } from "../../src/gate/claim.ts";
import { connect } from "../../src/kubernetes/client.ts";
import type { Verdict } from "../../src/rehearsal/verdict.ts";
import { docsOnly, type Job, job } from "./job.ts";
import type { BuiltRun } from "./spawn.ts";

const simulated = { engine: "simulated" };
const errorOf = (run: BuiltRun) => run.commands.findLast(({ name }) => name === "error")?.message;
const said = (run: BuiltRun) => run.stdout + run.stderr;

async function setUp(one: Job): Promise<BuiltRun & { session: { state: string } }> {
  const run = await one.step("setup-cluster", simulated);
  expect(run.exitCode, said(run)).toBe(0);
  return { ...run, session: { state: run.outputs.state ?? "" } };
}

async function untilNothingButItsState(one: Job): Promise<void> {
  const left = async () => (await one.leftovers()).filter((name) => !name.startsWith("rehearsal-session-"));
  for (const deadline = Date.now() + 10_000; Date.now() < deadline; await sleep(100)) {
    if ((await left()).length === 0) return;
  }
  expect(await left()).toEqual([]);
}

const inNamespace = (name: string) => `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: web
  namespace: argocd
spec:
  project: default
  source:
    repoURL: https://github.com/you/homelab
    targetRevision: main
    path: manifests/web
  destination:
    server: https://kubernetes.default.svc
    namespace: ${name}
  syncPolicy:
    automated: {}
`;

const neverBound = `apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: never-bound
spec:
  storageClassName: nobody-has-it
  accessModes: [ReadWriteOnce]
  resources:
    requests:
      storage: 1Gi
`;

// /proc tells what is left.
describe.runIf(process.platform === "linux").concurrent("the composed actions", () => {
  test("are green step by step, with a step of the user's own between them", async () => {
    await using one = await job({ "applications/web.yaml": inNamespace("by-hand") });
    const { session, outputs } = await setUp(one);
    expect(outputs).toMatchObject({ relevant: "true", engine: "simulated" });
    expect(outputs["kubernetes-version"]).toMatch(/^v1\.\d+/);
    const kubeconfig = outputs.kubeconfig ?? "";
    expect((await stat(kubeconfig)).mode & 0o777).toBe(0o600);

    const bootstrapped = await one.step("bootstrap-argocd", session);
    expect(bootstrapped.exitCode, said(bootstrapped)).toBe(0);
    expect(bootstrapped.outputs).toMatchObject({ namespace: "argocd", kubeconfig });
    expect(bootstrapped.outputs.version).toMatch(/^v?3\./);

    // Without this, web has nowhere to go.
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "by-hand" } };
    await connect(kubeconfig).apply(namespace);

    const synced = await one.step("sync-applications", { ...session, timeout: "2m" });
    expect(synced.exitCode, said(synced)).toBe(0);
    expect(synced.outputs.result).toBe("passed");
    const { base, head } = one.repository;
    expect(parseClaim(synced.outputs.verdict ?? "")).toMatchObject({
      claim: { result: "passed", base, head },
    });
    const report = synced.outputs.report ?? "";
    expect((await readdir(report)).toSorted()).toEqual([
      "junit.xml",
      "logs",
      "report.html",
      "report.md",
      "verdict.json",
    ]);
    const verdict = JSON.parse(await readFile(join(report, "verdict.json"), "utf8")) as Verdict;
    expect(verdict.applications.map(({ name }) => name).toSorted()).toEqual(["homelab", "web"]);
    expect(synced.summary).toContain(head.slice(0, 7));

    const cleaned = await one.step("clean-up", session);
    expect(cleaned.exitCode, said(cleaned)).toBe(0);
    expect(await one.leftovers()).toEqual([]);
    for (const again of ["clean-up", "setup-cluster-post"]) {
      const run = await one.step(again, session, { state: session });
      expect(run.exitCode, said(run)).toBe(0);
      expect(run.stdout).toContain("has been cleaned up already");
    }
  });

  test("in another order are red, say what is missing, and can be mended", async () => {
    await using one = await job();
    const { session } = await setUp(one);
    const early = await one.step("sync-applications", session);
    expect(early.exitCode).not.toBe(0);
    expect(early.outputs.result).toBe("misused");
    expect(errorOf(early)).toContain("Argo CD is not installed in this session yet");
    expect((await one.step("bootstrap-argocd", session)).exitCode).toBe(0);
    const twice = await one.step("bootstrap-argocd", session);
    expect(twice.exitCode).not.toBe(0);
    expect(errorOf(twice)).toContain("Argo CD is installed in this session already");
    expect((await one.step("sync-applications", session)).outputs.result).toBe("passed");
    expect((await one.step("clean-up", session)).exitCode).toBe(0);

    const late = await one.step("sync-applications", session);
    expect(late.outputs.result).toBe("misused");
    expect(errorOf(late)).toContain("the session has been cleaned up already");
    const elsewhere = await one.step("clean-up", { state: one.repository.folder });
    expect(elsewhere.exitCode).not.toBe(0);
    expect(errorOf(elsewhere)).toContain("is not the state of a session");
  });

  test.for([
    ["SIGKILL of its host", killHost("SIGKILL")],
    ["SIGTERM of its host", killHost("SIGTERM")],
    ["the end of its job, when the runner kills what carries its id", killTracked],
  ] as const)("leave nothing behind after %s", async ([, kill]) => {
    await using one = await job();
    const { session, state } = await setUp(one);
    await kill(session.state);
    await untilNothingButItsState(one);
    const next = await one.step("bootstrap-argocd", session);
    expect(next.exitCode).not.toBe(0);
    expect(errorOf(next)).toMatch(/the session ended before bootstrap; the end of its log: ./);
    const synced = await one.step("sync-applications", session);
    expect(synced.outputs.result).toBe("infrastructure");
    const post = await one.step("setup-cluster-post", {}, { state });
    expect(post.exitCode, said(post)).toBe(0);
    expect(await one.leftovers()).toEqual([]);
  });

  test("name the process of the cluster that died between two steps", async () => {
    await using one = await job();
    const { session, state, outputs } = await setUp(one);
    const folder = await running(outputs.kubeconfig ?? "");
    process.kill(await processIn(folder, "kube-apiserver"), "SIGKILL");
    const next = await one.step("bootstrap-argocd", session);
    expect(next.exitCode).not.toBe(0);
    expect(errorOf(next)).toContain("kube-apiserver was killed by SIGKILL");
    const synced = await one.step("sync-applications", session);
    expect(synced.outputs.result).toBe("infrastructure");
    expect(synced.outputs.summary).toContain("kube-apiserver was killed by SIGKILL");
    const post = await one.step("setup-cluster-post", {}, { state });
    expect(post.exitCode, said(post)).toBe(0);
    expect(await one.leftovers()).toEqual([]);
  });

  test("release everything when they are cancelled in the middle of the sync", async () => {
    await using one = await job({ "manifests/web/claim.yaml": neverBound });
    const { session, state } = await setUp(one);
    expect((await one.step("bootstrap-argocd", session)).exitCode).toBe(0);
    const since = Date.now();
    const synced = await one.step("sync-applications", session, { cancelAt: /✓ homelab/ });
    expect(synced.exitCode, said(synced)).not.toBe(0);
    expect(synced.outputs.result).toBe("infrastructure");
    expect(errorOf(synced)).toContain("the run was cancelled");
    expect(Date.now() - since).toBeLessThan(60_000);
    const post = await one.step("setup-cluster-post", {}, { state });
    expect(post.exitCode, said(post)).toBe(0);
    expect(await one.leftovers()).toEqual([]);
  });

  test("release everything when they are cancelled while the cluster starts", async () => {
    await using one = await job();
    const run = await one.step("setup-cluster", simulated, { cancelAt: /Merging head into base/ });
    expect(run.exitCode, said(run)).not.toBe(0);
    const post = await one.step("setup-cluster-post", {}, { state: run.state });
    expect(post.exitCode, said(post)).toBe(0);
    expect(await one.leftovers()).toEqual([]);
  });

  test("have nothing to clean up where the set-up did not come to a session", async () => {
    await using one = await job();
    const post = await one.step("setup-cluster-post", {}, { state: {} });
    expect(post.exitCode, said(post)).toBe(0);
    const cleaned = await one.step("clean-up", { state: "" });
    expect(cleaned.exitCode, said(cleaned)).toBe(0);
  });

  test("pass a change through that needs no rehearsal", async () => {
    await using one = await docsOnly();
    const { session, outputs } = await setUp(one);
    expect(outputs.relevant).toBe("false");
    expect(outputs.kubeconfig).toBeUndefined();
    const bootstrapped = await one.step("bootstrap-argocd", session);
    expect(bootstrapped.exitCode, said(bootstrapped)).toBe(0);
    const synced = await one.step("sync-applications", session);
    expect(synced.exitCode, said(synced)).toBe(0);
    expect(parseClaim(synced.outputs.verdict ?? "")).toMatchObject({ claim: { result: "passed" } });
    expect((await one.step("clean-up", session)).exitCode).toBe(0);
    expect(await one.leftovers()).toEqual([]);
  });

  test("start nothing for a change that weakens Argo CD, and report it as the one step does", async () => {
    const values = "configs:\n  cm:\n    kustomize.buildOptions: --enable-exec --enable-alpha-plugins\n";
    await using one = await job({ "infrastructure/argocd/values.yaml": values });
    const run = await one.step("setup-cluster", simulated);
    expect(run.exitCode, said(run)).not.toBe(0);
    expect(run.outputs).toMatchObject({ relevant: "true" });
    expect(run.outputs.kubeconfig).toBeUndefined();
    const places = run.commands
      .filter(({ name }) => name === "error")
      .map(({ properties }) => properties.file);
    expect(places).toContain("infrastructure/argocd/values.yaml");
    const synced = await one.step("sync-applications", { state: run.outputs.state ?? "" });
    expect(synced.outputs.result).toBe("failed");
    expect(synced.outputs.summary).toBe(errorOf(run));
    expect((await one.step("setup-cluster-post", {}, { state: run.state })).exitCode).toBe(0);
    expect(await one.leftovers()).toEqual([]);
  });

  test("come to a verdict also where the set-up failed", async () => {
    await using one = await job();
    const run = await one.step("setup-cluster", { ...simulated, base: "nowhere" });
    expect(run.exitCode).not.toBe(0);
    expect(errorOf(run)).toContain("nowhere");
    const session = { state: run.outputs.state ?? "" };
    const synced = await one.step("sync-applications", session);
    expect(synced.outputs.result).toBe("misused");
    expect(synced.outputs.summary).toContain("nowhere");
    expect((await one.step("setup-cluster-post", {}, { state: run.state })).exitCode).toBe(0);
    expect(await one.leftovers()).toEqual([]);
  });

  test("of two jobs on one machine do not meet", async () => {
    await using one = await job();
    await using other = await job();
    const [first, second] = await Promise.all([setUp(one), setUp(other)]);
    expect(first.outputs.kubeconfig).not.toBe(second.outputs.kubeconfig);
    expect((await one.step("clean-up", first.session)).exitCode).toBe(0);
    expect(await one.leftovers()).toEqual([]);
    const client = connect(second.outputs.kubeconfig ?? "");
    expect((await client.list("v1", "Namespace")).items.length).toBeGreaterThan(0);
    expect((await other.step("clean-up", second.session)).exitCode).toBe(0);
    expect(await other.leftovers()).toEqual([]);
  });
});

/** The folder of the owned processes that a kubeconfig lies in. */
async function running(kubeconfig: string): Promise<string> {
  for (let folder = dirname(kubeconfig); folder !== "/"; folder = dirname(folder)) {
    if ((await readdir(folder)).includes("pids")) return folder;
  }
  throw new Error(`${kubeconfig} lies in no folder of processes`);
}

/** The pid of one of them, by the log that it writes. */
async function processIn(folder: string, name: string): Promise<number> {
  const pids = (await readFile(join(folder, "pids"), "utf8")).split("\n").filter(Boolean);
  for (const pid of pids) {
    if ((await readlink(`/proc/${pid}/fd/1`)).endsWith(`/${name}.log`)) return Number(pid);
  }
  throw new Error(`no ${name} in ${folder}`);
}

function killHost(signal: NodeJS.Signals) {
  return async (state: string) => {
    const { pid } = JSON.parse(await readFile(join(state, "host.json"), "utf8")) as { pid: number };
    process.kill(pid, signal);
  };
}

/** As JobExtension of actions/runner does: whatever has the job's RUNNER_TRACKING_ID in its environment. */
async function killTracked(state: string): Promise<void> {
  const id = `RUNNER_TRACKING_ID=github_${dirname(state)}`;
  const pids = (await readdir("/proc")).filter((entry) => /^\d+$/.test(entry));
  let killed = 0;
  for (const pid of pids) {
    const environment = await readFile(`/proc/${pid}/environ`, "utf8").catch(() => "");
    if (!environment.split("\0").includes(id)) continue;
    process.kill(Number(pid), "SIGKILL");
    killed += 1;
  }
  expect(killed).toBeGreaterThan(0);
}
