import { describe, expect, it } from "vitest";
import { isRefusal, parseLine, reasonOf } from "./create.ts";
import { lastTellingLines } from "./docker.ts";

// As k3d v5.8.3 writes them.
const coloured = "\u001b[36mINFO\u001b[0m[0012] Starting servers...                          ";
const refused = [
  "INFO[0000] Using config file k3d.yaml (k3d.io/v1alpha5#simple)",
  "FATA[0000] Schema Validation failed for config file /a/k3d.yaml: - options: Additional property k9s is not allowed",
].map(parseLine);
const failed = [
  "INFO[0000] Prep: Network",
  "ERRO[0004] Failed Cluster Start: Failed to start server k3d-a-server-0: runtime failed to start node",
  "FATA[0004] Cluster creation FAILED, rollback deactivated.",
].map(parseLine);

describe("k3d's log", () => {
  it("is read through its colours", () => {
    expect(parseLine(coloured)).toEqual({ level: "INFO", message: "Starting servers..." });
    expect(parseLine("kubectl cluster-info")).toEqual({ level: "", message: "kubectl cluster-info" });
  });

  it("tells a refused configuration from a failed cluster", () => {
    expect(isRefusal(refused)).toBe(true);
    expect(isRefusal(failed)).toBe(false);
  });

  it("does not blame the configuration for the network", () => {
    const lines = ['FATA[0001] Get "https://update.k3s.io": dial tcp: lookup update.k3s.io: no such host'];
    expect(isRefusal(lines.map(parseLine))).toBe(false);
  });

  it("gives the reason, and not that there was one", () => {
    expect(reasonOf(failed, "/a/k3d.yaml")).toBe(
      "Failed Cluster Start: Failed to start server k3d-a-server-0: runtime failed to start node",
    );
    expect(reasonOf(refused, "/a/k3d.yaml")).toBe(
      "Schema Validation failed: - options: Additional property k9s is not allowed",
    );
    expect(reasonOf([parseLine("FATA[0004] Cluster creation FAILED, rollback deactivated.")], "")).toBe(
      "Cluster creation FAILED, rollback deactivated.",
    );
    expect(reasonOf([], "")).toBe("");
  });
});

it("a node's log is told without what its entry point says until the API is there", () => {
  const log = [
    'time="2026-01-01T00:00:00Z" level=fatal msg="no space left on device"',
    'E1123 08:01:20.404300      60 memcache.go:381] "Couldn\'t get current server API group list"',
    "The connection to the server localhost:8080 was refused - did you specify the right host or port?",
    "",
  ].join("\n");
  expect(lastTellingLines(log, 3)).toBe(
    'time="2026-01-01T00:00:00Z" level=fatal msg="no space left on device"',
  );
  expect(lastTellingLines("", 3)).toBe("");
});
