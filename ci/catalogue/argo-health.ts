import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageRoot } from "../../src/runner/package-root.ts";
import { run } from "../../src/runner/process.ts";
import { installedGo, isGoNewEnough } from "../../src/toolchain/go.ts";
import { readGoModule } from "../../src/toolchain/go-module.ts";
import { thisPlatform } from "../../src/toolchain/platform.ts";
import { moduleRecipe } from "../../src/toolchain/recipe.ts";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** A kind that Argo CD has a health check in Lua for, with the objects that it tests that check with. */
export interface CheckedKind {
  /** `_` stands for any part. */
  group: string;
  kind: string;
  healthy: readonly JsonObject[];
  /** Objects that are not healthy. */
  others: readonly JsonObject[];
}

export interface Health {
  /** Such as `Healthy`; empty where Argo CD has no check, `Error` where the check failed. */
  status: string;
  message: string;
}

/** Argo CD's own health checks, of the pinned version. Disposing removes the program that runs them. */
export interface ArgoHealth extends AsyncDisposable {
  kinds(): Promise<readonly CheckedKind[]>;
  check(object: JsonObject): Promise<Health>;
}

/** Why there can be no program made from source here; undefined where it can. */
export async function withoutGo(): Promise<string | undefined> {
  const version = await installedGo();
  if (version === undefined) return "no Go on the PATH";
  return isGoNewEnough(version) ? undefined : `Go ${version} is too old`;
}

/**
 * Compiles the program of `ci/catalogue/health` with the go.mod of `ci/toolchain`. It stands outside of that
 * folder, which holds what a rehearsal needs; an overlay lets Go see it there. Throws CommandError.
 */
export async function argoHealth(): Promise<ArgoHealth> {
  const folder = await mkdtemp(join(tmpdir(), "argo-health-"));
  try {
    const program = join(folder, "health");
    const module = await readGoModule(join(packageRoot(), "ci/toolchain"));
    const overlay = join(folder, "overlay.json");
    const source = join(packageRoot(), "ci/catalogue/health/main.go");
    const seenAt = join(module.folder, "health/main.go");
    await writeFile(overlay, JSON.stringify({ Replace: { [seenAt]: source } }));
    const { flags, env } = moduleRecipe(module, thisPlatform());
    const args = ["build", "-overlay", overlay, ...flags, "-o", program, "./health"];
    await run("go", args, { cwd: module.folder, env });
    return startHealth(program, folder);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

function startHealth(program: string, folder: string): ArgoHealth {
  let questions: Question[] = [];
  // Whoever asks at about the same time shares one process.
  const askAll = async () => {
    const batch = questions;
    questions = [];
    try {
      const input = batch.map(({ object }) => `${JSON.stringify(object)}\n`).join("");
      const { stdout } = await run(program, [], { input });
      for (const [index, line] of stdout.trim().split("\n").entries())
        batch[index]?.answer(JSON.parse(line) as Health);
    } catch (error) {
      for (const { fail } of batch) fail(error);
    }
  };
  return {
    async kinds() {
      const { stdout } = await run(program, ["samples"]);
      return (JSON.parse(stdout) as CheckedKind[]).map(({ healthy, others, ...kind }) => ({
        ...kind,
        healthy: healthy ?? [],
        others: others ?? [],
      }));
    },
    check(object) {
      if (questions.length === 0) setImmediate(askAll);
      return new Promise((answer, fail) => questions.push({ object, answer, fail }));
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

interface Question {
  object: JsonObject;
  answer(health: Health): void;
  fail(error: unknown): void;
}
