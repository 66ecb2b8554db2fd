import type { ProtectedSetting } from "../../repository/protected-settings.ts";
import type { DeclaredSettings } from "./declared-settings.ts";
import type { Fact } from "./fact.ts";

export interface Weakening {
  setting: ProtectedSetting;
  message: string;
  where: Fact["where"];
}

/**
 * What the merge weakens: grants that it adds, restrictions that it takes away. A file that was moved says what it
 * said; the same grant in another file is another Argo CD's, and new.
 */
export function weakenings(base: DeclaredSettings, merged: DeclaredSettings): Weakening[] {
  const granted = added(base, merged, "grant").map((fact) => ({ fact, where: fact.where }));
  const lost = added(merged, base, "restriction")
    .filter(({ owner }) => !owner.startsWith("AppProject ") || merged.owners.has(owner))
    // Set to something else is told once, as what it is now.
    .filter((fact) => !granted.some((grant) => sameEntry(grant.fact, fact)))
    .map((fact) => ({ fact, where: nearestPlace(fact, merged) }));
  const found = [...granted, ...lost].map(({ fact: { setting, says }, where }) => ({
    ...{ setting, where },
    message: says,
  }));
  const unique = new Map(found.map((one) => [JSON.stringify(one), one]));
  return [...unique.values()].toSorted(
    (left, right) => left.where.file.localeCompare(right.where.file) || left.where.line - right.where.line,
  );
}

/** Facts of `after` that `before` does not have in that file, nor in one that is gone since. */
function added(before: DeclaredSettings, after: DeclaredSettings, kind: Fact["kind"]): Fact[] {
  const known = new Set<string>();
  const moved = new Map<string, number>();
  for (const fact of before.facts.filter((one) => one.kind === kind)) {
    known.add(`${fact.where.file} ${fact.key}`);
    if (!after.hasFile(fact.where.file)) moved.set(fact.key, (moved.get(fact.key) ?? 0) + 1);
  }
  return after.facts.filter((fact) => {
    if (fact.kind !== kind || known.has(`${fact.where.file} ${fact.key}`)) return false;
    const left = before.hasFile(fact.where.file) ? 0 : (moved.get(fact.key) ?? 0);
    moved.set(fact.key, left - 1);
    return left <= 0;
  });
}

function sameEntry(grant: Fact, restriction: Fact): boolean {
  return (
    grant.owner === restriction.owner &&
    grant.where.file === restriction.where.file &&
    grant.key.startsWith(restriction.key)
  );
}

/** Its owner in the merge result, if that is still somewhere; else where it was. */
function nearestPlace({ owner, where }: Fact, merged: DeclaredSettings): Fact["where"] {
  const inFile = merged.facts.filter((fact) => fact.where.file === where.file);
  const own = inFile.find((fact) => fact.owner === owner) ?? inFile[0];
  return own?.where ?? where;
}
