import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parse } from "yaml";
import { packageRoot } from "../../src/runner/package-root.ts";

export interface BuiltAction {
  /** As a workflow gives them; what it leaves out has the default of `action.yml`. */
  inputs?: Record<string, string>;
  event: { name: string; payload: unknown };
  /** Added to what a runner sets. */
  environment?: Record<string, string>;
  /** The workspace; an empty folder by default. */
  cwd?: string;
  /** What the action saved, for its `post` step. */
  state?: Record<string, string>;
  /** Cancels the run once standard output matches, as a runner does. */
  cancelAt?: RegExp;
}

export interface WorkflowCommand {
  name: string;
  properties: Record<string, string>;
  message: string;
}

/** What became of the step. Disposing removes its files. */
export interface BuiltRun extends AsyncDisposable {
  /** Undefined where a signal ended it. */
  exitCode: number | undefined;
  stdout: string;
  stderr: string;
  commands: readonly WorkflowCommand[];
  outputs: Record<string, string>;
  state: Record<string, string>;
  summary: string;
  /** What the step wrote to the environment and the path of later steps. */
  exported: string;
  /** `RUNNER_TEMP`. */
  temp: string;
  /** `TMPDIR`. */
  temporary: string;
}

const files = ["GITHUB_OUTPUT", "GITHUB_STATE", "GITHUB_STEP_SUMMARY", "GITHUB_ENV", "GITHUB_PATH"] as const;

/** Runs `dist/<name>.js` as a runner of GitHub Actions does. */
export async function runBuiltAction(name: string, step: BuiltAction): Promise<BuiltRun> {
  const temp = await mkdtemp(join(tmpdir(), "runner-"));
  const temporary = join(temp, "tmp");
  const home = join(temp, "_runner");
  await mkdir(temporary);
  const workspace = step.cwd ?? join(home, "workspace");
  await mkdir(join(home, "workspace"), { recursive: true });
  const paths = Object.fromEntries(files.map((variable) => [variable, join(home, variable)]));
  for (const file of Object.values(paths)) await writeFile(file, "");
  const payload = join(home, "event.json");
  await writeFile(payload, JSON.stringify(step.event.payload));

  const child = spawn(process.execPath, [join(packageRoot(), "dist", `${name}.js`)], {
    cwd: workspace,
    env: {
      ...inherited(),
      CI: "true",
      TMPDIR: temporary,
      GITHUB_ACTIONS: "true",
      GITHUB_SERVER_URL: "https://github.com",
      GITHUB_API_URL: "https://api.github.com",
      GITHUB_REPOSITORY: "you/homelab",
      GITHUB_RUN_ID: "4711",
      GITHUB_RUN_ATTEMPT: "1",
      GITHUB_EVENT_NAME: step.event.name,
      GITHUB_EVENT_PATH: payload,
      GITHUB_WORKSPACE: workspace,
      RUNNER_ENVIRONMENT: "github-hosted",
      RUNNER_OS: "Linux",
      RUNNER_ARCH: "X64",
      RUNNER_TEMP: temp,
      ...paths,
      ...asVariables("INPUT_", { ...(await defaultsOf(name)), ...step.inputs }),
      ...Object.fromEntries(Object.entries(step.state ?? {}).map(([key, value]) => [`STATE_${key}`, value])),
      ...step.environment,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  let cancelling: Promise<void> | undefined;
  const ended = new AbortController();
  child.stdout.on("data", (data: Buffer) => {
    stdout += data;
    if (step.cancelAt?.test(stdout)) cancelling ??= cancel(child, ended.signal);
  });
  child.stderr.on("data", (data: Buffer) => {
    stderr += data;
  });
  const exitCode = await new Promise<number | undefined>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? undefined));
  });
  ended.abort();
  await cancelling;
  const read = (variable: (typeof files)[number]) => readFile(paths[variable] ?? "", "utf8");
  return {
    exitCode,
    stdout,
    stderr,
    commands: stdout.split("\n").flatMap(parseCommand),
    outputs: parsePairs(await read("GITHUB_OUTPUT")),
    state: parsePairs(await read("GITHUB_STATE")),
    summary: await read("GITHUB_STEP_SUMMARY"),
    exported: (await read("GITHUB_ENV")) + (await read("GITHUB_PATH")),
    temp,
    temporary,
    [Symbol.asyncDispose]: () => rm(temp, { recursive: true, force: true }),
  };
}

/**
 * SIGINT, and after 7.5 s SIGTERM. A runner kills 2.5 s later, which on a machine that runs other tests too
 * would say more about these: here it takes 30 s.
 */
async function cancel(child: ReturnType<typeof spawn>, ended: AbortSignal): Promise<void> {
  try {
    child.kill("SIGINT");
    await sleep(7_500, undefined, { signal: ended });
    child.kill("SIGTERM");
    await sleep(30_000, undefined, { signal: ended });
    child.kill("SIGKILL");
  } catch {
    // It ended in time.
  }
}

/** This machine's environment, without what a runner would have set in it. */
function inherited(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(GITHUB|RUNNER|ACTIONS|INPUT|STATE)_|^(VITEST|NODE_ENV)/.test(name),
  );
  return Object.fromEntries(own);
}

async function defaultsOf(name: string): Promise<Record<string, string>> {
  const folder = name.replace(/-post$/, "");
  const text = await readFile(join(packageRoot(), "actions", folder, "action.yml"), "utf8");
  const { inputs = {} } = parse(text) as { inputs?: Record<string, { default?: string }> };
  return Object.fromEntries(
    Object.entries(inputs).map(([key, input]) => [key, evaluate(input.default ?? "")]),
  );
}

/** The one expression that a default of ours may be. */
function evaluate(text: string): string {
  return text.replace(/\$\{\{ *github\.token *\}\}/, "the-token-of-the-job");
}

function asVariables(prefix: string, values: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [
      `${prefix}${key.replaceAll(" ", "_").toUpperCase()}`,
      value,
    ]),
  );
}

/** `name<<delimiter`, the value, the delimiter: the form in which a step leaves outputs and state. */
function parsePairs(text: string): Record<string, string> {
  const pairs = text.matchAll(/^([^<\n]+)<<(ghadelimiter_[\w-]+)\n([\s\S]*?)\n\2$/gm);
  return Object.fromEntries([...pairs].map(([, key = "", , value = ""]) => [key, value]));
}

/** As the runner reads one, which looks at the start of each line. */
function parseCommand(line: string): WorkflowCommand[] {
  const [, name = "", properties = "", message = ""] = line.match(/^\s*::([\w-]+)(?: ([^:]*))?::(.*)$/) ?? [];
  if (name === "") return [];
  const pairs = properties
    .split(",")
    .filter(Boolean)
    .map((pair) => pair.split("=", 2) as [string, string]);
  return [
    {
      name,
      properties: Object.fromEntries(pairs.map(([key, value]) => [key, unescapeText(value)])),
      message: unescapeText(message),
    },
  ];
}

function unescapeText(text: string): string {
  return decodeURIComponent(text.replace(/%(?!0A|0D|25|3A|2C)/g, "%25"));
}
