import { spawn } from "node:child_process";
import { copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Verdict } from "../../src/rehearsal/verdict.ts";
import { silentLog } from "../../src/runner/log.ts";
import { packageRoot } from "../../src/runner/package-root.ts";
import { resolveToolchain } from "../../src/toolchain/resolve.ts";
import { commitAll } from "../engine/quickstart.ts";

/** New texts by path; undefined deletes. */
export type Edits = Record<string, ((text: string) => string | undefined) | string>;

/** A Git repository with the homelab of this folder on `main`. */
export interface Homelab extends AsyncDisposable {
  folder: string;
  git(...args: string[]): Promise<string>;
  /** Commits edits on a branch `change`, or on the current one. */
  commit(edits: Edits, branch?: string): Promise<void>;
}

/** `edits` are on `main` already. */
export async function homelab(k3dConfig: string, edits: Edits = {}): Promise<Homelab> {
  const folder = await mkdtemp(join(tmpdir(), "homelab-"));
  await cp(join(packageRoot(), "test/k3d/homelab"), folder, { recursive: true });
  const toolchain = await resolveToolchain({ log: silentLog });
  await copyFile(
    join(toolchain.argocdFiles, "manifests/install.yaml"),
    join(folder, "infrastructure/argocd/install.yaml"),
  );
  await apply(folder, { "k3d.yaml": k3dConfig, ...edits });
  const git = await commitAll(folder);
  return {
    folder,
    git,
    async commit(changes, branch) {
      if (branch !== undefined) await git("switch", "--quiet", "--create", branch);
      await apply(folder, changes);
      await git("add", "--all");
      await git("commit", "--quiet", "--message=change");
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

async function apply(folder: string, edits: Edits): Promise<void> {
  for (const [path, edit] of Object.entries(edits)) {
    const file = join(folder, path);
    const before = await readFile(file, "utf8").catch(() => "");
    const after = typeof edit === "string" ? edit : edit(before);
    if (after === before) throw new Error(`the edit of ${path} changes nothing`);
    await mkdir(dirname(file), { recursive: true });
    if (after === undefined) await rm(file);
    else await writeFile(file, after);
  }
}

export interface Running extends AsyncDisposable {
  pid: number | undefined;
  temporary: string;
  kill(signal: NodeJS.Signals): void;
  /** What it has said of its progress so far. */
  progress(): string;
  /** Resolves once it has said that; fails where it ends without. */
  untilSaid(text: string): Promise<void>;
  ended(): Promise<{ exitCode: number | null; verdict: Verdict }>;
  /** What is left in its temporary folder. */
  files(): Promise<string[]>;
}

/** The command, as its user calls it, with a temporary folder of its own. */
export async function startRehearsal(folder: string, ...flags: string[]): Promise<Running> {
  const temporary = await mkdtemp(join(tmpdir(), "k3d-run-"));
  const command = spawn(
    process.execPath,
    [join(packageRoot(), "src/cli/main.ts"), folder, "--json", "--base", "main", ...flags],
    { env: { ...process.env, TMPDIR: temporary }, stdio: ["ignore", "pipe", "pipe"] },
  );
  let stdout = "";
  let progress = "";
  const waiting = new Set<() => void>();
  const told = () => {
    for (const look of waiting) look();
  };
  command.stdout.on("data", (chunk) => {
    stdout += chunk;
  });
  command.stderr.on("data", (chunk) => {
    progress += chunk;
    told();
  });
  const closed = new Promise<number | null>((resolve) => command.once("close", resolve));
  void closed.then(told);
  return {
    pid: command.pid,
    temporary,
    kill: (signal) => void command.kill(signal),
    progress: () => progress,
    untilSaid: (text) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (progress.includes(text)) resolve();
          else if (command.exitCode !== null) reject(new Error(`it ended without "${text}":\n${progress}`));
          else return;
          waiting.delete(look);
        };
        waiting.add(look);
        look();
      }),
    async ended() {
      const exitCode = await closed;
      try {
        return { exitCode, verdict: JSON.parse(stdout) as Verdict };
      } catch {
        throw new Error(`no verdict (exit code ${exitCode}):\n${progress}`);
      }
    },
    files: () => readdir(temporary),
    async [Symbol.asyncDispose]() {
      command.kill("SIGKILL");
      await closed;
      await rm(temporary, { recursive: true, force: true });
    },
  };
}

/** Runs it to its end. */
export async function rehearsal(folder: string, ...flags: string[]) {
  await using running = await startRehearsal(folder, ...flags);
  const { exitCode, verdict } = await running.ended();
  return { exitCode, verdict, progress: running.progress(), files: await running.files() };
}
