import { parse, rcompare, satisfies, validRange } from "semver";

/**
 * The one of `versions` that Helm and Argo CD take for what is written: itself where it is there, with or without
 * a leading `v`, else the highest in the range; undefined where there is none. No range at all is the newest.
 * Pre-releases count only for ranges that name one. As in https://github.com/Masterminds/semver, a comma joins two
 * conditions, and `!=` excludes.
 */
export function resolveVersion(written: string | undefined, versions: readonly string[]): string | undefined {
  const wanted = written?.trim() || "*";
  if (versions.includes(wanted)) return wanted;
  const known = versions
    .flatMap((spelled) => {
      const version = parse(spelled, { loose: true });
      return version ? [{ spelled, version }] : [];
    })
    .toSorted((left, right) => rcompare(left.version, right.version));
  return known.find(({ version }) => inRange(version.version, wanted))?.spelled;
}

/** Whether it stands for whichever version is the newest in it. */
export function isRange(written: string): boolean {
  return parse(written.trim(), { loose: true }) === null;
}

function inRange(version: string, range: string): boolean {
  return range.split("||").some((alternative) => {
    const excluded = [...alternative.matchAll(/!=\s*([^\s,]+)/g)].map(([, one = ""]) => one);
    const rest = alternative
      .replace(/!=\s*[^\s,]+/g, " ")
      .replaceAll(",", " ")
      .replace(/=([<>])/g, "$1=")
      .trim();
    const conditions = rest === "" ? "*" : rest;
    if (validRange(conditions, { loose: true }) === null) return false;
    return (
      satisfies(version, conditions, { loose: true }) &&
      !excluded.some((one) => satisfies(version, one, { loose: true }))
    );
  });
}
