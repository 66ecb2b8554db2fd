import { join } from "node:path";
import type { SourceReport, ToolchainReport } from "./inspect-report.ts";
import { formatBytes } from "./wording.ts";

const marks = {
  ready: "✓",
  possible: "✓",
  unset: "–",
  absent: "–",
  broken: "✗",
} as const satisfies Record<SourceReport["state"], string>;

/** The report as lines for people. */
export function describeToolchain(report: ToolchainReport): string[] {
  const { key, platform, versions } = report;
  return [
    `Toolchain ${key} for ${platform.os}/${platform.arch}`,
    `  Kubernetes ${versions.kubernetes}, Argo CD ${versions.argocd}, Helm ${versions.helm}, kustomize ${versions.kustomize}, k3d ${versions.k3d}`,
    "",
    "Where it comes from; the first that has it is taken",
    ...report.sources.map(({ name, state, detail }) => `  ${marks[state]} ${name.padEnd(9)} ${detail}`),
    ...describePrograms(report),
    "",
    "System",
    `  Node ${report.system.node}`,
    `  git ${report.system.git ?? "is missing"}`,
    `  Go ${report.system.go ?? "is missing"} (needed only to build the toolchain)`,
    ...report.disks.map(
      ({ what, folder, freeBytes }) => `  ${formatBytes(freeBytes)} free for ${what}: ${folder}`,
    ),
    "",
    ...describeProblems(report),
  ];
}

function describePrograms({ programs, folder }: ToolchainReport): string[] {
  if (programs.length === 0) return [];
  const width = Math.max(...programs.map(({ name }) => name.length));
  return [
    "",
    `Programs in ${join(folder, "bin")}`,
    ...programs.map(({ name, bytes, version, checksum }) => {
      if (bytes === undefined) return `  ✗ ${name.padEnd(width)} is missing`;
      const sum = { ok: "sha256 ok", differs: "sha256 differs", unknown: "sha256 unknown" }[checksum];
      const mark = version !== undefined && checksum !== "differs" ? "✓" : "✗";
      const size = formatBytes(bytes).padStart(7);
      return `  ${mark} ${name.padEnd(width)} ${size}  ${(version ?? "does not run").padEnd(12)} ${sum}`;
    }),
  ];
}

function describeProblems({ problems }: ToolchainReport): string[] {
  if (problems.length === 0) return ["No problems."];
  return [
    problems.length === 1 ? "1 problem" : `${problems.length} problems`,
    ...problems.flatMap(({ severity, what, fix }) => [
      `  ${severity === "error" ? "✗" : "!"} ${what}`,
      `    ${fix}`,
    ]),
  ];
}
