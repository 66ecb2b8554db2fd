import { existsSync, globSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { parseArgs } from "node:util";
import type { ActionDefinition } from "../../src/actions/definition.ts";
import { isExpected } from "../../src/runner/errors.ts";
import { packageRoot } from "../../src/runner/package-root.ts";
import { type ActionFiles, contractProblems } from "./contract.ts";
import { type ActionManifest, readManifest } from "./manifest.ts";
import { withTables } from "./tables.ts";

/**
 * Compares every `action.yml` with the definition behind it and writes the tables of its README. With
 * `--check` it writes nothing, and fails where one is out of date.
 */
interface Action {
  /** Where `action.yml` and `README.md` are, from the top. */
  folder: string;
  /** Where `definition.ts`, `main.ts` and `post.ts` are. */
  source: string;
}

const root = packageRoot();
const print = (line: string) => process.stderr.write(`${line}\n`);

/** The action at the top is `actions/rehearse` under a shorter name. */
function findActions(): Action[] {
  const folders = globSync("actions/*/main.ts", { cwd: root }).map(dirname).toSorted();
  return [
    { folder: ".", source: "actions/rehearse" },
    ...folders.map((folder) => ({ folder, source: folder })),
  ];
}

async function readAction(action: Action) {
  const { folder, source } = action;
  const manifest = await readManifest(join(root, folder, "action.yml"));
  const { definition } = (await import(join(root, source, "definition.ts"))) as {
    definition: ActionDefinition;
  };
  const dist = folder === "." ? "dist" : "../../dist";
  const name = basename(source);
  const files: ActionFiles = {
    lines: (await readFile(join(root, source, "main.ts"), "utf8")).trimEnd().split("\n").length,
    hasPost: existsSync(join(root, source, "post.ts")),
    main: `${dist}/${name}.js`,
    post: `${dist}/${name}-post.js`,
  };
  return { manifest, definition, files };
}

/** What is wrong with one action. */
async function lookAt(action: Action, check: boolean): Promise<string[]> {
  const label = join(action.folder, "action.yml");
  try {
    const { manifest, definition, files } = await readAction(action);
    const problems = contractProblems(manifest, definition, files).map((problem) => `${label}: ${problem}`);
    return [...problems, ...(await writeReadme(action, manifest, definition, check))];
  } catch (error) {
    if (!isExpected(error)) throw error;
    return [error.message];
  }
}

async function writeReadme(
  { folder }: Action,
  manifest: ActionManifest,
  definition: ActionDefinition,
  check: boolean,
): Promise<string[]> {
  const file = join(root, folder, "README.md");
  const present = await readFile(file, "utf8").catch(() => "");
  const wanted = withTables(present, manifest, definition);
  if (present === wanted) return [];
  if (check) return [`${join(folder, "README.md")} is out of date: run node ci/actions/main.ts`];
  await writeFile(file, wanted);
  return [];
}

/** People read the one at the top, and tools either. */
async function twinProblems(): Promise<string[]> {
  const [top, twin] = await Promise.all(
    ["action.yml", "actions/rehearse/action.yml"].map((file) => readFile(join(root, file), "utf8")),
  );
  const same = top?.replace("main: dist/", "main: ../../dist/") === twin;
  return same ? [] : ["action.yml and actions/rehearse/action.yml differ in more than where dist is"];
}

const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });
const looks = [...findActions().map((action) => lookAt(action, values.check)), twinProblems()];
const problems = (await Promise.all(looks)).flat();
problems.forEach(print);
process.exitCode = problems.length === 0 ? 0 : 1;
