import { UsageError } from "../runner/errors.ts";

/** In Go's words: `linux` and `amd64`. */
export interface Platform {
  os: string;
  arch: string;
}

const goArchitectures: Record<string, string> = { x64: "amd64", arm64: "arm64" };

/** The machine that we run on. Throws UsageError where the toolchain cannot run. */
export function thisPlatform(): Platform {
  const arch = goArchitectures[process.arch];
  if ((process.platform !== "linux" && process.platform !== "darwin") || arch === undefined) {
    throw new UsageError(`Rehearsal does not run on ${process.platform} ${process.arch}`, {
      fix: "Use Linux or macOS on x64 or arm64; on Windows, WSL.",
    });
  }
  return { os: process.platform, arch };
}
