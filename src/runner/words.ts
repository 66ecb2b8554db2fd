/** `1 object`, `2 objects`. */
export function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** Names in a sentence before the rest is counted. */
const named = 5;

/** The first of some names, and how many more there are. */
export function someOf(names: readonly string[], most = named): string {
  const shown = names.slice(0, most).join(", ");
  return names.length <= most ? shown : `${shown} and ${names.length - most} more`;
}
