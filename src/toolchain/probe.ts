import { join } from "node:path";
import { InfrastructureError, messageOf } from "../runner/errors.ts";
import { lastLines, tryRun } from "../runner/process.ts";
import { codeOf } from "./disk.ts";
import { type Program, programs } from "./toolchain.ts";

/** What a program says of itself when asked for its version. */
export type Probe =
  | { program: Program; runs: true; version: string }
  | { program: Program; runs: false; why: string };

const arguments_: Record<Program, readonly string[]> = {
  etcd: ["--version"],
  "kube-apiserver": ["--version"],
  "kube-controller-manager": ["--version"],
  "kube-scheduler": ["--version"],
  kwok: ["--version"],
  argocd: ["version", "--client"],
  helm: ["version", "--short"],
  kustomize: ["version"],
  redis: ["--version"],
  k3d: ["version"],
};

/** A cold disk and a busy machine: kube-apiserver has been seen to take seconds. */
const timeoutMs = 20_000;

/**
 * Runs every program of `bin` for its version, at the same time. Throws nothing but the
 * signal's reason.
 */
export function probePrograms(bin: string, signal?: AbortSignal): Promise<Probe[]> {
  return Promise.all(programs.map((program) => probe(bin, program, signal)));
}

async function probe(bin: string, program: Program, signal?: AbortSignal): Promise<Probe> {
  try {
    const result = await tryRun(join(bin, program), arguments_[program], {
      // argocd is all of its components, picked by this variable.
      env: { ARGOCD_BINARY_NAME: undefined },
      signal,
      timeoutMs,
    });
    if (result.exitCode !== 0) {
      const said = lastLines(result.stderr || result.stdout, 1);
      return { program, runs: false, why: `code ${result.exitCode}${said === "" ? "" : `: ${said}`}` };
    }
    const version = versionIn(result.stdout || result.stderr);
    return version === undefined
      ? { program, runs: false, why: `states no version: ${lastLines(result.stdout, 1) || "no output"}` }
      : { program, runs: true, version };
  } catch (error) {
    if (!(error instanceof InfrastructureError)) throw error;
    const code = codeOf(error.cause);
    if (code === "ENOENT") return { program, runs: false, why: "missing" };
    if (code === "EACCES") return { program, runs: false, why: "not executable" };
    return { program, runs: false, why: messageOf(error).replaceAll("\n", " ") };
  }
}

/** The first version in a text, with a leading `v` and without build metadata. */
export function versionIn(text: string): string | undefined {
  const found = /\bv?(\d+\.\d+(?:\.\d+)?(?:-[\w.]+)?)/.exec(text)?.[1];
  return found === undefined ? undefined : `v${found}`;
}
