import { describe, expect, it } from "vitest";
import { formatDuration, parseDuration } from "./duration.ts";
import { UsageError } from "./errors.ts";

describe("a duration", () => {
  it.each([
    ["90s", 90_000],
    ["10m", 600_000],
    ["1h30m", 5_400_000],
    ["500ms", 500],
    ["1m500ms", 60_500],
    ["1.5h", 5_400_000],
    ["0s", 0],
  ])("%s is %i ms", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(["", "10", "ten", "-5m", "5 m", "5m ", "10m30", "1d", "5M", "1..5s", ".5s", "m"])(
    "is not %j",
    (text) => {
      expect(() => parseDuration(text)).toThrow(UsageError);
      expect(() => parseDuration(text)).toThrow(`"${text}" is not a duration`);
    },
  );

  it.each([
    [0, "0.0 s"],
    [4_240, "4.2 s"],
    [9_949, "9.9 s"],
    [9_990, "10 s"],
    [10_000, "10 s"],
    [59_400, "59 s"],
    [59_600, "1 min"],
    [185_000, "3 min 5 s"],
    [3_600_000, "60 min"],
  ])("of %i ms is said as %s", (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});
