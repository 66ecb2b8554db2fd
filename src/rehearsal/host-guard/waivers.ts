import { UsageError } from "../../runner/errors.ts";

/** What a waiver names: `namespace/name`, where `*` stands for any part of either. */
const waiverPattern = /^[a-z0-9*][a-z0-9.*-]*\/[a-z0-9*][a-z0-9.*-]*$/;

/**
 * The regular expression (RE2) that matches `namespace/name` of what these waivers name; undefined where there
 * is none. Throws UsageError on what is no waiver: it becomes part of an expression that a policy evaluates.
 */
export function waiverExpression(waivers: readonly string[]): string | undefined {
  if (waivers.length === 0) return undefined;
  const parts = waivers.map((waiver) => {
    if (!waiverPattern.test(waiver))
      throw new UsageError(`hostAccess has ${JSON.stringify(waiver)}, which no workload is called`, {
        fix: "Write namespace/name in lower case, with * for any part.",
      });
    return waiver.replaceAll(".", "[.]").replaceAll("*", "[^/]*");
  });
  return `^(?:${parts.join("|")})$`;
}
