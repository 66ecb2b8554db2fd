import type { Log } from "../../runner/log.ts";

/** A log that keeps its lines, each with what kind it is: `warn: …`, `update: …`. */
export function recordingLog(): Log & { lines: string[] } {
  const lines: string[] = [];
  const keep = (kind: string) => (line?: string) => void lines.push(`${kind}: ${line ?? ""}`);
  return {
    lines,
    step(title) {
      keep("step")(title);
      return { update: keep("update"), done: keep("done"), failed: keep("failed") };
    },
    info: keep("info"),
    warn: keep("warn"),
    debug: keep("debug"),
  };
}
