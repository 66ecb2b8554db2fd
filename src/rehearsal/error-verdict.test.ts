import { describe, expect, it } from "vitest";
import { ApiError } from "../kubernetes/client.ts";
import { ChangeError, InfrastructureError, UsageError } from "../runner/errors.ts";
import { CommandError } from "../runner/process.ts";
import { verdictOfError } from "./error-verdict.ts";
import { exitCodes } from "./verdict.ts";
import { clock } from "./verdict-fixture.ts";

function codeOf(error: unknown): number {
  return exitCodes[verdictOfError(error, clock).result];
}

describe("an error", () => {
  it.each([
    [new ChangeError("the merge conflicts"), 1],
    [new UsageError("no such revision"), 2],
    [new InfrastructureError("etcd was killed"), 3],
    [new ApiError(404, "not found", undefined), 3],
    [new CommandError("git", ["fetch"], { stdout: "", stderr: "no route", exitCode: 128 }), 3],
    [new TypeError("x is undefined"), 3],
    [new DOMException("aborted", "AbortError"), 3],
    ["a string", 3],
    [undefined, 3],
  ])("%s ends with code %i, and never passes", (error, code) => {
    expect(codeOf(error)).toBe(code);
    expect(verdictOfError(error, clock)).toMatchObject({ applications: [], timings: clock.timings() });
  });

  it("that was foreseen says what, where and how to mend it", () => {
    const error = new ChangeError("x", { where: { file: "a.yaml", line: 3 }, fix: "Mend it." });
    expect(verdictOfError(error, clock)).toMatchObject({
      summary: "x",
      error: { message: "x", where: { file: "a.yaml", line: 3 }, fix: "Mend it." },
    });
  });

  it("of ours keeps its stack", () => {
    const { summary } = verdictOfError(new TypeError("x is undefined"), clock);
    expect(summary).toMatch(/^Rehearsal itself failed: TypeError: x is undefined\n {4}at /);
  });

  it("is the first one, where the release of what it held failed too", () => {
    const both = new SuppressedError(
      new Error("rm failed"),
      new SuppressedError(new Error("close failed"), new ChangeError("first")),
    );
    expect(verdictOfError(both, clock)).toMatchObject({ result: "failed", summary: "first" });
  });
});
