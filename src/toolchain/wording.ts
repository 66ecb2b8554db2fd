/** Bytes as people say them: `812 kB`, `4.2 MB`, `134 MB`, `1.3 GB`. */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value < 9.95 && unit > 1 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** `3,911` */
export function formatCount(count: number): string {
  return count.toLocaleString("en-US");
}

/** What is left of something, as coarsely as an estimate deserves: `about 40 s left`, `about 6 min left`. */
export function formatTimeLeft(ms: number): string {
  const seconds = Math.max(5, Math.round(ms / 1000));
  if (seconds < 15) return `about ${seconds} s left`;
  if (seconds < 55) return `about ${Math.round(seconds / 10) * 10} s left`;
  return `about ${Math.max(1, Math.round(seconds / 60))} min left`;
}

/** Names in a sentence: `a`, `a and b`, `a, b and c`. */
export function joinNames(names: readonly string[]): string {
  if (names.length < 2) return names.join("");
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
