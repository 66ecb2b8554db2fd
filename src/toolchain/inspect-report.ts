import type { Platform } from "./platform.ts";
import type { Program, ToolchainVersions } from "./toolchain.ts";

/** What `rehearse doctor` knows of the toolchain and of what the system has to bring. */
export interface ToolchainReport {
  key: string;
  platform: Platform;
  versions: ToolchainVersions;
  /** In the order in which they are asked. The first that is `ready`, else the first `possible`, is taken. */
  sources: readonly SourceReport[];
  /** The user's folder, or that of our cache; it need not exist yet. */
  folder: string;
  /** Empty where there is no such folder. */
  programs: readonly ProgramReport[];
  system: { node: string; git: string | undefined; go: string | undefined };
  disks: readonly { what: string; folder: string; freeBytes: number }[];
  /** Toolchains of other versions in our cache, which nothing removes by itself. */
  outdated: readonly { folder: string; bytes: number }[];
  problems: readonly Problem[];
}

export interface SourceReport {
  name: "directory" | "cache" | "archive" | "build";
  /** `ready`: it is there. `possible`: the next start makes it so. */
  state: "ready" | "possible" | "unset" | "absent" | "broken";
  detail: string;
  /** What making it takes of the disk, in bytes, at most. */
  needs?: number;
}

export interface ProgramReport {
  name: Program;
  path: string;
  /** Undefined where the file is missing. */
  bytes: number | undefined;
  /** As it states itself; undefined where it does not run. */
  version: string | undefined;
  /** `unknown` in a folder without a manifest. */
  checksum: "ok" | "differs" | "unknown";
}

export interface Problem {
  /** An `error` keeps a rehearsal from starting. */
  severity: "error" | "warning";
  what: string;
  fix: string;
}
