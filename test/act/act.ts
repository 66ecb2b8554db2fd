import { mkdir, readdir, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { freePorts } from "../../src/runner/owned-processes.ts";
import { tryRun } from "../../src/runner/process.ts";

/** What all runs of one test file have in common. */
export interface Machine {
  /** The program and its first arguments. */
  act: readonly [string, ...string[]];
  /** Short: sockets are made below it. */
  folder: string;
  gitConfig: string;
  /** `owner/name@revision=folder`, for what workflows use. */
  repositories: readonly string[];
}

export interface Started {
  /** A workflow file. */
  workflow: string;
  event: string;
  payload: unknown;
  ref: string;
  sha: string;
  runId: number;
  attempt?: number;
  token: string;
  /** Of the API double. */
  apiUrl: string;
  /** Called with each line of the log as it comes. */
  onLine?: (line: string) => void;
}

export interface Ended {
  exitCode: number;
  /** By the name that act gives a job, such as `rehearsal/Rehearse/Rehearsal gate`; a skipped job has none. */
  jobs: Record<string, string>;
  /** What act says of a job, with what its steps printed. */
  output(job: string): string;
  /** Names of the steps that ended, with how, in their order: `Post Rehearse: success`. */
  steps(job: string): string[];
  log: string;
  /** The archive that the run uploaded under a name; undefined where there is none. */
  artifact(name: string): Promise<string | undefined>;
}

interface LogEntry {
  job?: string;
  msg: string;
  step?: string;
  stage?: string;
  stepResult?: string;
  jobResult?: string;
}

/** Runs a workflow with act on this machine itself, to its end. */
export async function runWorkflow(machine: Machine, started: Started): Promise<Ended> {
  const folder = join(machine.folder, `run-${started.runId}-${started.attempt ?? 1}`);
  const paths = { home: join(folder, "home"), work: join(folder, "work"), temp: join(folder, "t") };
  for (const path of Object.values(paths)) await mkdir(path, { recursive: true });
  const event = join(folder, "event.json");
  await writeFile(event, JSON.stringify(started.payload));
  const [port] = await freePorts(1);
  const artifacts = join(folder, "artifacts");
  const [program, ...first] = machine.act;
  const lines: string[] = [];
  const { exitCode, stderr } = await tryRun(
    program,
    [
      ...first,
      started.event,
      "--json",
      "--rm",
      "--no-cache-server",
      "--no-skip-checkout",
      ...["--workflows", started.workflow, "--eventpath", event, "--directory", paths.work],
      ...["--action-cache-path", join(folder, "c"), "--concurrent-jobs", "1"],
      ...["--platform", "ubuntu-24.04=-self-hosted"],
      ...["--artifact-server-path", artifacts, "--artifact-server-addr", "127.0.0.1"],
      ...["--artifact-server-port", String(port), "--actor", "ada", "--defaultbranch", "main"],
      ...["--secret", `GITHUB_TOKEN=${started.token}`],
      ...machine.repositories.flatMap((repository) => ["--local-repository", repository]),
      ...Object.entries(jobEnvironment(started)).flatMap(([name, value]) => ["--env", `${name}=${value}`]),
    ],
    {
      cwd: folder,
      env: machineEnvironment(machine, paths),
      timeoutMs: 240_000,
      onLine(line) {
        lines.push(line);
        started.onLine?.(line);
      },
    },
  );
  const entries = lines.flatMap(parseEntry);
  const of = (job: string) => entries.filter((entry) => entry.job?.trim() === job);
  return {
    exitCode,
    jobs: Object.fromEntries(
      entries.flatMap(({ job, jobResult }) => (job && jobResult ? [[job.trim(), jobResult]] : [])),
    ),
    output: (job) =>
      of(job)
        .map(({ msg }) => msg.trimEnd())
        .join("\n"),
    steps: (job) =>
      of(job).flatMap(({ step, stage, stepResult }) =>
        step && stepResult ? [`${stage === "Main" || !stage ? "" : `${stage} `}${step}: ${stepResult}`] : [],
      ),
    log: `${lines.join("\n")}\n${stderr}`,
    async artifact(name) {
      const found = join(artifacts, String(started.runId), name, `${name}.zip`);
      return (await readdir(dirname(found)).catch(() => [])).length > 0 ? found : undefined;
    },
  };
}

/** What GitHub tells a job and act cannot know. */
function jobEnvironment({ apiUrl, runId, attempt = 1, ref, sha }: Started): Record<string, string> {
  return {
    GITHUB_API_URL: apiUrl,
    GITHUB_SERVER_URL: "https://github.com",
    GITHUB_REPOSITORY: "acme/homelab",
    GITHUB_REPOSITORY_OWNER: "acme",
    GITHUB_RUN_ID: String(runId),
    GITHUB_RUN_ATTEMPT: String(attempt),
    GITHUB_REF: ref,
    SHA_REF: sha, // act's name for GITHUB_SHA
    RUNNER_ENVIRONMENT: "github-hosted",
  };
}

/** act passes its own environment on to every step, so it gets no more than a runner has. */
function machineEnvironment(
  { gitConfig }: Machine,
  paths: { home: string; temp: string },
): Record<string, string | undefined> {
  const inherited = Object.keys(process.env).filter((name) =>
    /^(GITHUB|ACTIONS|RUNNER|INPUT|GIT|VITEST|NODE)_/.test(name),
  );
  return {
    ...Object.fromEntries(inherited.map((name) => [name, undefined])),
    PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
    HOME: paths.home,
    TMPDIR: paths.temp,
    XDG_CACHE_HOME: process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), // has the toolchain
    XDG_CONFIG_HOME: join(paths.home, ".config"),
    GIT_CONFIG_GLOBAL: gitConfig,
    CI: "true",
  };
}

function parseEntry(line: string): LogEntry[] {
  try {
    return [JSON.parse(line) as LogEntry];
  } catch {
    return [];
  }
}
