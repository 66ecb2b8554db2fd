import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** What this process, a set of process groups and its other children took from the machine. */
export interface Usage {
  cpuSeconds: number;
  /**
   * The highest sum of resident memory that was seen. What processes of one program share of its file
   * counts once.
   */
  peakMemoryBytes: number;
}

interface ProcessReading {
  pid: number;
  ticks: number;
  ownBytes: number;
  /** Resident pages of mapped files, nearly all of them the program's own. */
  fileBytes: number;
  program: string;
}

const ticksPerSecond = 100; // sysconf(_SC_CLK_TCK), which is 100 on every Linux that Node runs on
const pageBytes = 4096;
const intervalMs = 1_000;

/**
 * Watches this process with its children, and the process groups led by `leaders()`, until stopped. A
 * process that came and went between two readings counts through its parent's account of its children.
 */
export function peakMeter(leaders: () => readonly number[]): { read(): Usage | undefined; stop(): void } {
  const ticksOfAccountants = new Map<number, number>();
  let peak = 0;
  const sample = () => {
    const accountants = new Set([process.pid, ...leaders()]);
    const readings = readProcesses(accountants);
    peak = Math.max(peak, residentBytes(readings));
    for (const { pid, ticks } of readings) if (accountants.has(pid)) ticksOfAccountants.set(pid, ticks);
  };
  const timer = setInterval(sample, intervalMs);
  timer.unref();
  return {
    read() {
      sample();
      if (peak === 0) return undefined;
      const ticks = [...ticksOfAccountants.values()].reduce((sum, value) => sum + value, 0);
      return { cpuSeconds: ticks / ticksPerSecond, peakMemoryBytes: peak };
    },
    stop: () => clearInterval(timer),
  };
}

/**
 * Close to the proportional size that `smaps_rollup` gives, which takes the kernel 25 ms for every GB:
 * too much to ask for each second.
 */
function residentBytes(readings: readonly ProcessReading[]): number {
  const files = new Map<string, number>();
  let sum = 0;
  for (const { ownBytes, fileBytes, program } of readings) {
    files.set(program, Math.max(files.get(program) ?? 0, fileBytes));
    sum += ownBytes;
  }
  return [...files.values()].reduce((total, bytes) => total + bytes, sum);
}

/** The processes that `leaders` lead or have started. */
function readProcesses(leaders: ReadonlySet<number>): ProcessReading[] {
  let pids: string[];
  try {
    pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
  return pids.flatMap((pid) => {
    try {
      return readProcess(pid, leaders);
    } catch {
      return []; // it has ended meanwhile
    }
  });
}

/** proc(5): fields of `stat` after the command name, which may hold blanks and parentheses; `statm` in pages. */
function readProcess(pid: string, leaders: ReadonlySet<number>): ProcessReading[] {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [parent = 0, group = 0, ...times] = [1, 2, 11, 12, 13, 14].map((index) => Number(fields[index]));
  if (![Number(pid), parent, group].some((id) => leaders.has(id))) return [];
  const [, resident = 0, file = 0] = readFileSync(`/proc/${pid}/statm`, "utf8").split(" ").map(Number);
  return [
    {
      pid: Number(pid),
      ticks: times.reduce((sum, time) => sum + time, 0),
      ownBytes: (resident - file) * pageBytes,
      fileBytes: file * pageBytes,
      program: readlinkSync(`/proc/${pid}/exe`),
    },
  ];
}
