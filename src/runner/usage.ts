import { readdirSync, readFileSync } from "node:fs";

/** What a set of processes and their descendants took from the machine. */
export interface Usage {
  cpuSeconds: number;
  /** The highest sum of resident memory that was seen. */
  peakMemoryBytes: number;
}

interface ProcessReading {
  pid: number;
  group: number;
  ticks: number;
  residentBytes: number;
}

const ticksPerSecond = 100; // sysconf(_SC_CLK_TCK), which is 100 on every Linux that Node runs on
const pageBytes = 4096;
const intervalMs = 1_000;

/**
 * Watches the process groups led by `leaders()`, until stopped. A process that came and went between
 * two readings counts through its parent's account of its children.
 */
export function peakMeter(leaders: () => readonly number[]): { read(): Usage | undefined; stop(): void } {
  const ticksOfEnded = new Map<number, number>();
  let peak = 0;
  let supported = false;
  const sample = () => {
    const groups = new Set(leaders());
    const readings = readProcesses().filter((reading) => groups.has(reading.group));
    if (readings.length === 0) return;
    supported = true;
    peak = Math.max(
      peak,
      readings.reduce((sum, reading) => sum + reading.residentBytes, 0),
    );
    for (const { pid, group, ticks } of readings) if (pid === group) ticksOfEnded.set(pid, ticks);
  };
  const timer = setInterval(sample, intervalMs);
  timer.unref();
  return {
    read() {
      sample();
      if (!supported) return undefined;
      const ticks = [...ticksOfEnded.values()].reduce((sum, value) => sum + value, 0);
      return { cpuSeconds: ticks / ticksPerSecond, peakMemoryBytes: peak };
    },
    stop: () => clearInterval(timer),
  };
}

/** proc(5): fields of `stat` after the command name, which may hold blanks and parentheses. */
function readProcesses(): ProcessReading[] {
  let pids: string[];
  try {
    pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
  return pids.flatMap((pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      const fields = stat
        .slice(stat.lastIndexOf(")") + 2)
        .split(" ")
        .map(Number);
      const [group, user, system, childUser, childSystem, pages] = [2, 11, 12, 13, 14, 21].map(
        (i) => fields[i] ?? 0,
      );
      return {
        pid: Number(pid),
        group: group ?? 0,
        ticks: (user ?? 0) + (system ?? 0) + (childUser ?? 0) + (childSystem ?? 0),
        residentBytes: (pages ?? 0) * pageBytes,
      };
    } catch {
      return [];
    }
  });
}
