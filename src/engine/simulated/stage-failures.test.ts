import { describe, expect, test } from "vitest";
import { stageFailure } from "./stage-failures.ts";

function line(entry: Record<string, unknown>): string {
  return `${JSON.stringify({ time: "2026-01-01T00:00:00Z", level: "ERROR", ...entry })}\n`;
}

const invalid = {
  msg: "failed to apply stage",
  stage: "certificate.cert-manager.io",
  resource: "web/tls",
  err: 'failed to patch resource tls: Certificate "tls" is invalid: status.x: Required value',
};

describe("KWOK's log", () => {
  test("tells of a stage that writes what a schema forbids, and on what", () => {
    expect(stageFailure(`not JSON\n${line(invalid)}`)?.message).toBe(
      `the stage certificate.cert-manager.io of the simulation cannot be played on web/tls: ${invalid.err}`,
    );
  });

  test.each([
    ["template", { ...invalid, err: "failed to compute patch template: x:1: unexpected EOF" }],
    [
      "selector",
      { msg: "Failed to preprocess resource", resource: "web/tls", err: "stage match: unexpected token" },
    ],
    ["form", { msg: "failed to convert to internal stage", err: "unknown operator" }],
    [
      "kind",
      { msg: "failed to start controller", ref: { APIGroup: "a.io/v1", Kind: "B" }, err: "no matches" },
    ],
  ])("tells of a stage whose %s is broken", (_, entry) => {
    expect(stageFailure(line(entry))?.message).toContain(entry.err);
  });

  test.each([
    ["a conflict, which is tried again", { ...invalid, err: "the object has been modified" }],
    ["an object that is gone", { ...invalid, err: 'pods "web" not found' }],
    ["a warning", { ...invalid, level: "WARN" }],
    ["a node that is gone", { msg: "Failed to preprocess resource", err: "node not found" }],
  ])("tells nothing of %s", (_, entry) => {
    expect(stageFailure(line(entry))).toBeUndefined();
  });
});
