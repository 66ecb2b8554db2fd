import { InfrastructureError } from "../../runner/errors.ts";
import type { OwnedProcesses } from "../../runner/owned-processes.ts";

const pollMs = 500;

/**
 * Watches what KWOK says of its stages. One that is broken, or writes what a schema forbids, would leave its
 * objects as they are without a word anywhere else. Calls `onFailure` once; ends when `signal` aborts.
 */
export function watchStageFailures(
  processes: OwnedProcesses,
  signal: AbortSignal,
  onFailure: (error: InfrastructureError) => void,
): void {
  const timer = setInterval(() => {
    const failure = stageFailure(processes.output("kwok"));
    if (failure === undefined) return;
    clearInterval(timer);
    onFailure(failure);
  }, pollMs);
  timer.unref();
  signal.addEventListener("abort", () => clearInterval(timer), { once: true });
}

/** The first failure in KWOK's log that no retry will mend. KWOK logs one JSON object a line. */
export function stageFailure(log: string): InfrastructureError | undefined {
  for (const line of log.split("\n")) {
    const entry = parseEntry(line);
    if (entry?.level !== "ERROR" || !isFinal(entry)) continue;
    const { stage, resource, err, ref } = entry;
    const whose = ref ? `for ${ref.APIGroup} ${ref.Kind}` : "";
    const what = stage === undefined ? `a stage ${whose}`.trim() : `the stage ${stage}`;
    return new InfrastructureError(
      `${what} of the simulation cannot be played${resource === undefined ? "" : ` on ${resource}`}: ${err}`,
      { fix: "Correct it if it is yours; else put one of your own in its place (simulated.stages)." },
    );
  }
  return undefined;
}

interface LogEntry {
  level: string;
  msg: string;
  err?: string;
  stage?: string;
  resource?: string;
  ref?: { APIGroup: string; Kind: string };
}

function isFinal({ msg, err = "" }: LogEntry): boolean {
  if (msg === "failed to convert to internal stage" || msg === "failed to start controller") return true;
  // What does not compile is skipped the first time, and from then on matches everything.
  if (msg === "Failed to preprocess resource") return err.startsWith("stage match");
  return msg === "failed to apply stage" && /failed to compute|is invalid/.test(err);
}

function parseEntry(line: string): LogEntry | undefined {
  try {
    return JSON.parse(line) as LogEntry;
  } catch {
    return undefined;
  }
}
