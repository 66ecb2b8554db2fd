import { resolve } from "node:path";
import { defaultEngine } from "../engine/default-engine.ts";
import type { EngineName } from "../engine/engine.ts";
import { type Checkout, openCheckout } from "../repository/checkout.ts";
import type { ConfigOverrides } from "../repository/config-overrides.ts";
import type { SessionRequest } from "../session/request.ts";
import type { Edge } from "./edge.ts";
import { findSubject } from "./subject.ts";

/** The inputs that say what is rehearsed, and where. */
export interface RequestInputs {
  path: string;
  base: string | undefined;
  head: string | undefined;
  roots: readonly string[];
  engine: EngineName | undefined;
  always: boolean;
  offline: boolean;
  cache: string | undefined;
  toolchain: string | undefined;
  "toolchain-archive": string | undefined;
  "toolchain-sha256": string | undefined;
}

/**
 * What to rehearse for the event that started the job. Throws UsageError where the event or the checkout is
 * not one to rehearse.
 */
export async function requestOfEvent(
  {
    inputs,
    context,
    environment,
    signal,
  }: Pick<Edge<RequestInputs, never>, "inputs" | "context" | "environment" | "signal">,
  timeoutMs?: number,
): Promise<SessionRequest> {
  const checkout = await openCheckout(inputs.path, signal);
  return {
    path: resolve(inputs.path),
    ...(await findSubject(checkout, context, inputs, signal)),
    defaultBranch: context.defaultBranch,
    fetch: await hasCredentials(checkout, signal),
    engine: inputs.engine,
    defaultEngine: defaultEngine(environment),
    configFrom: "base",
    overrides: overridesOf(inputs, timeoutMs),
    // Whoever starts a rehearsal by hand wants one.
    onlyIfRelevant: !inputs.always && context.event.name !== "other",
    guardHost: !context.hosted,
  };
}

function overridesOf(inputs: RequestInputs, timeoutMs: number | undefined): SessionRequest["overrides"] {
  const { roots, toolchain, offline, cache } = inputs;
  const archive = inputs["toolchain-archive"];
  return {
    ...(roots.length === 0 ? {} : { roots: [...roots], rootsFrom: "the input roots" }),
    timeoutMs,
    ...(offline ? { offline } : {}),
    cache: cache && resolve(cache),
    toolchainDirectory: toolchain && resolve(toolchain),
    toolchainArchive:
      archive === undefined ? undefined : { url: archive, sha256: inputs["toolchain-sha256"] },
  } satisfies ConfigOverrides;
}

/** Those that actions/checkout leaves in Git's configuration; without them, the remote is not asked. */
async function hasCredentials({ git }: Checkout, signal: AbortSignal): Promise<boolean> {
  const found = await git.attempt(["config", "--name-only", "--get-regexp", "^http\\..*\\.extraheader$"], {
    signal,
  });
  return found.exitCode === 0;
}
