import { refusalWords } from "./policy.ts";

const refusal = new RegExp(`(\\w+) (\\S+/\\S+) ${refusalWords}: ([\\w' ]+(?:, [\\w' ]+)*)`);

/** Matches whatever quotes the guard of the host. */
export const refusalPattern = new RegExp(refusalWords);

/**
 * What the guard of the host said in a message that quotes it, and how that is mended; undefined where the
 * message is about something else.
 */
export function hostRefusal(message: string): string | undefined {
  const [, kind, name, uses] = refusal.exec(message) ?? [];
  if (name === undefined) return undefined;
  return `${kind} ${name} ${refusalWords}: ${uses?.trim()}. A maintainer who trusts it with that waives it by name in .rehearsal.yaml on the base: hostAccess: ["${name}"]`;
}
