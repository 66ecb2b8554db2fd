import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { packageRoot } from "../../src/runner/package-root.ts";
import { commitAll } from "./quickstart.ts";

/** One Application that is never Healthy, so that the wait goes on until somebody ends it. */
const files = {
  "root.yaml": `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: root
  namespace: argocd
spec:
  project: default
  source:
    repoURL: https://git.example.com/you/homelab
    targetRevision: main
    path: manifests
  destination:
    server: https://kubernetes.default.svc
    namespace: default
  syncPolicy:
    automated: {}
`,
  "manifests/claim.yaml": `apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: never-bound
spec:
  storageClassName: nobody-has-it
  accessModes: [ReadWriteOnce]
  resources:
    requests:
      storage: 1Gi
`,
};

let repository: string;

beforeAll(async () => {
  repository = await mkdtemp(join(tmpdir(), "lifecycle-"));
  await mkdir(join(repository, "manifests"));
  for (const [path, text] of Object.entries(files)) await writeFile(join(repository, path), text);
  await commitAll(repository);
});

afterAll(() => rm(repository, { recursive: true, force: true }));

interface Running extends AsyncDisposable {
  command: ChildProcess;
  temporary: string;
  output(): string;
  /** Resolves with the exit code, or the signal that ended it. */
  ended: Promise<number | NodeJS.Signals | null>;
}

/** The command with a temporary folder of its own, so that whatever it leaves is found. */
async function start(): Promise<Running> {
  const temporary = await mkdtemp(join(tmpdir(), "lifecycle-run-"));
  const command = spawn(
    process.execPath,
    [join(packageRoot(), "src/cli/main.ts"), repository, "--engine", "simulated"],
    {
      env: { ...process.env, TMPDIR: temporary },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let output = "";
  for (const stream of [command.stdout, command.stderr]) stream?.on("data", (chunk) => (output += chunk));
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) =>
    command.once("close", (code, signal) => resolve(code ?? signal)),
  );
  return {
    command,
    temporary,
    output: () => output,
    ended,
    async [Symbol.asyncDispose]() {
      command.kill("SIGKILL");
      await ended;
      await rm(temporary, { recursive: true, force: true });
    },
  };
}

/** The pid of one of its processes, by the log that it writes; waits until there is one. */
async function processOf(run: Running, name: string): Promise<number> {
  for (;;) {
    for (const folder of await readdir(run.temporary)) {
      const pids = await readFile(join(run.temporary, folder, "pids"), "utf8").catch(() => "");
      for (const pid of pids.split("\n").filter(Boolean)) {
        const log = await readlink(`/proc/${pid}/fd/1`).catch(() => "");
        if (basename(log) === `${name}.log`) return Number(pid);
      }
    }
    if (run.command.exitCode !== null) throw new Error(`it ended before ${name} was there:\n${run.output()}`);
    await sleep(50);
  }
}

async function untilOutput(run: Running, text: string): Promise<void> {
  while (!run.output().includes(text)) {
    if (run.command.exitCode !== null) throw new Error(`it ended without saying "${text}":\n${run.output()}`);
    await sleep(50);
  }
}

/** Processes that work in the run's folder, and what is left in it. */
async function leftovers({ temporary }: Running): Promise<string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const working = await Promise.all(
    pids.map(async (pid) => {
      const folder = await readlink(`/proc/${pid}/cwd`).catch(() => "");
      return folder.startsWith(temporary) ? [`process ${pid} in ${folder}`] : [];
    }),
  );
  const folders = (await readdir(temporary)).filter((name) => name.startsWith("rehearsal-"));
  return [...working.flat(), ...folders];
}

const processes = [
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kwok",
  "argocd-redis",
  "argocd-repo-server",
  "argocd-application-controller",
  "argocd-applicationset-controller",
];

// /proc tells which process is which, and what it leaves.
describe
  .runIf(process.platform === "linux")
  .concurrent("whatever ends a rehearsal, nothing is left of it", () => {
    test.for(processes)("the death of %s is infrastructure, and named", async (name) => {
      await using run = await start();
      await untilOutput(run, "Installing Argo CD");
      process.kill(await processOf(run, name), "SIGKILL");
      expect(await run.ended, run.output()).toBe(3);
      expect(run.output()).toContain(`${name} was killed by SIGKILL`);
      expect(await leftovers(run)).toEqual([]);
    });

    test.for(["SIGINT", "SIGTERM"] as const)("%s while the cluster starts", async (signal) => {
      await using run = await start();
      await processOf(run, "kube-apiserver");
      run.command.kill(signal);
      const since = Date.now();
      expect(await run.ended, run.output()).toBe(3);
      expect(Date.now() - since).toBeLessThan(10_000);
      expect(run.output()).toContain(`interrupted by ${signal}`);
      expect(await leftovers(run)).toEqual([]);
    });

    test("SIGTERM while Applications are waited for", async () => {
      await using run = await start();
      await untilOutput(run, "Installing Argo CD");
      await sleep(3_000);
      run.command.kill("SIGTERM");
      expect(await run.ended, run.output()).toBe(3);
      expect(await leftovers(run)).toEqual([]);
    });

    test("SIGKILL of the command itself", async () => {
      await using run = await start();
      await untilOutput(run, "Installing Argo CD");
      run.command.kill("SIGKILL");
      expect(await run.ended).toBe("SIGKILL");
      const deadline = Date.now() + 10_000;
      while ((await leftovers(run)).length > 0 && Date.now() < deadline) await sleep(100);
      expect(await leftovers(run)).toEqual([]);
    });
  });
