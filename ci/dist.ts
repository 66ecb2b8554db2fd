import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageRoot } from "../src/runner/package-root.ts";
import { type RunResult, run, tryRun } from "../src/runner/process.ts";

/**
 * Proves that the bundles are what their source makes: built twice they are equal byte for byte and name no
 * folder of this machine, and each entry starts. Leaves the bundles in `dist`.
 */
const root = packageRoot();

async function main(): Promise<string[]> {
  const other = await mkdtemp(join(tmpdir(), "rehearsal-dist-"));
  try {
    await run("rolldown", ["-c", "--cleanDir"], { cwd: root });
    await run("rolldown", ["-c", "--dir", other], { cwd: root });
    const [built, again] = await Promise.all([readFolder(join(root, "dist")), readFolder(other)]);
    const names = new Set([...built.keys(), ...again.keys()]);
    const different = [...names].filter((name) => built.get(name) !== again.get(name));
    const telling = [...built].filter(([, text]) => text.includes(root)).map(([name]) => name);
    const entries = [...built.keys()].filter((name) => !name.includes("/"));
    return [
      ...different.map((name) => `dist/${name} differs from build to build`),
      ...telling.map((name) => `dist/${name} names ${root}`),
      ...(await Promise.all(entries.map(startProblem))).flat(),
    ];
  } finally {
    await rm(other, { recursive: true, force: true });
  }
}

/** Text by path. */
async function readFolder(folder: string): Promise<Map<string, string>> {
  const files = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".js"));
  const texts = files.map(async (name) => [name, await readFile(join(folder, name), "utf8")] as const);
  return new Map(await Promise.all(texts));
}

async function startProblem(name: string): Promise<string[]> {
  const args = [join(root, "dist", name), ...(name === "cli.js" ? ["--version"] : [])];
  const { exitCode, stdout, stderr } = await tryRun(process.execPath, args, {
    env: withoutRunner(),
    timeoutMs: 60_000,
  });
  const starts = expectation(name)({ exitCode, stdout, stderr });
  return starts ? [] : [`dist/${name} does not start: code ${exitCode}, ${stdout}${stderr}`];
}

/** What an entry does that nobody gave anything to. */
function expectation(name: string): (result: RunResult) => boolean {
  if (name === "cli.js") return ({ exitCode, stdout }) => exitCode === 0 && /^\d+\.\d+\.\d+/.test(stdout);
  if (name === "session-host.js") return ({ stdout, stderr }) => (stdout + stderr).includes("request.json");
  // A `post` step without a state has nothing to release.
  if (name.endsWith("-post.js")) return (result) => result.exitCode === 0 || refuses(result);
  return refuses;
}

/** An action that no runner started says so in one line, and fails. */
function refuses({ exitCode, stdout, stderr }: RunResult): boolean {
  return exitCode === 1 && /^::error::[^\n]+\n$/.test(stdout) && stderr === "";
}

function withoutRunner(): Record<string, undefined> {
  const names = Object.keys(process.env).filter((name) => /^(GITHUB|INPUT|STATE|RUNNER|ACTIONS)_/.test(name));
  return Object.fromEntries(names.map((name) => [name, undefined]));
}

const problems = await main();
for (const problem of problems) process.stderr.write(`${problem}\n`);
process.exitCode = problems.length === 0 ? 0 : 1;
