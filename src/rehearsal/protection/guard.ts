import { readContent } from "../../repository/content.ts";
import { sameRepository } from "../../repository/repository-url.ts";
import { findInstallations } from "../../repository/self-management.ts";
import type { Tree } from "../../repository/tree.ts";
import { countOf } from "../../runner/words.ts";
import { conventionalValues } from "../argocd-settings.ts";
import type { MadeWorld } from "../make-world.ts";
import type { RehearsalRequest } from "../request.ts";
import type { Verdict, WeakenedSetting } from "../verdict.ts";
import { weakenings } from "./compare.ts";
import { readSettings } from "./declared-settings.ts";

export interface Guarded {
  weakened: readonly WeakenedSetting[];
  /** What is allowed, for the reader of a verdict that goes on. */
  notes: readonly string[];
  /** Of a verdict that ends here. */
  refused: (Pick<Verdict, "result" | "summary"> & { error: NonNullable<Verdict["error"]> }) | undefined;
}

/**
 * Compares what both sides of the merge say of Argo CD's security-relevant settings. What the merge weakens or adds
 * is refused until the base allows it by name: that is `failed`, for the change asks for more than it may have,
 * and nothing is wrong with how Rehearsal is used. Who rehearses on the command line is told, and goes on.
 */
export async function guardSettings(
  { world, base, merged }: Pick<MadeWorld, "world" | "base" | "merged">,
  { config, configFrom }: Pick<RehearsalRequest, "config" | "configFrom">,
): Promise<Guarded> {
  const isOwn = (url: string) => world.urls.some((known) => sameRepository(known, url));
  const read = async (tree: Tree) => {
    const installations = await findInstallations(await readContent(tree, ""), isOwn);
    const named = installations.flatMap(({ values }) => values.flatMap(({ file }) => file ?? []));
    const conventional = tree.files.filter(({ path }) => `/${path}`.endsWith(`/${conventionalValues}`));
    const configured = [...conventional.map(({ path }) => path), config.argocd.values?.path ?? []].flat();
    const manifests = new Set(installations.map(({ place }) => place.file));
    return readSettings(tree, new Set([...named.filter((file) => !manifests.has(file)), ...configured]));
  };
  const asked = configFrom === "base";
  const [before, after] = await Promise.all([read(base), read(merged)]);
  const weakened = weakenings(before, after).map((found) => ({
    ...found,
    allowed: !asked || config.allow.includes(found.setting),
  }));
  const refused = weakened.filter(({ allowed }) => !allowed);
  const told = weakened.filter(({ allowed }) => allowed);
  return {
    weakened,
    notes: told.map(
      ({ setting, message, where }) =>
        `${message} (${where.file}${where.line === undefined ? "" : `:${where.line}`}): ${
          asked
            ? `allowed by ${setting} in the base's configuration`
            : `on GitHub this is red until allow lists ${setting} on the base`
        }.`,
    ),
    refused: refused.length === 0 ? undefined : refusal(refused),
  };
}

function refusal(refused: readonly WeakenedSetting[]): NonNullable<Guarded["refused"]> {
  const names = [...new Set(refused.map(({ setting }) => setting))].toSorted();
  const [first] = refused;
  const message =
    refused.length === 1
      ? `the change weakens a security-relevant setting of Argo CD: ${first?.message}`
      : `the change weakens ${countOf(refused.length, "security-relevant setting")} of Argo CD; the first: ${first?.message}`;
  return {
    result: "failed",
    summary: message,
    error: {
      message,
      where: first?.where,
      fix: `If it is meant, a maintainer first merges "allow: [${names.join(", ")}]" into .rehearsal.yaml of the base, and takes it away afterwards.`,
    },
  };
}
