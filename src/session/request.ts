import { z } from "zod";

const engineName = z.enum(["simulated", "k3d", "existing"]);
const text = z.string().optional();

const overrides = z.object({
  roots: z.array(z.string()).optional(),
  rootsFrom: text,
  timeoutMs: z.number().optional(),
  offline: z.boolean().optional(),
  cache: text,
  context: text,
  toolchainDirectory: text,
  toolchainArchive: z
    .object({ url: z.string(), sha256: text })
    .transform(({ url, sha256 }) => ({ url, sha256 }))
    .optional(),
});

/** A RehearsalRequest as data, so that another process can carry it out. */
export const sessionRequest = z.object({
  /** The folder whose Applications are rehearsed; absolute. */
  path: z.string(),
  base: text,
  baseBranch: text,
  head: text,
  pullRequest: z.number().optional(),
  /** Of the repository, where that is known better than the checkout does. */
  defaultBranch: text,
  fetch: z.boolean(),
  /** The one that was asked for. */
  engine: engineName.optional(),
  /** The one where no configuration names any. */
  defaultEngine: engineName,
  configFrom: z.enum(["base", "checkout", "named"]),
  overrides,
  onlyIfRelevant: z.boolean(),
  guardHost: z.boolean(),
});

export type SessionRequest = z.infer<typeof sessionRequest>;
