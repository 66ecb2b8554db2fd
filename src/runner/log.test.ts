import { expect, test } from "vitest";
import { asStep, type Log, silentLog } from "./log.ts";

function recording(): Log & { told: string[] } {
  const told: string[] = [];
  return {
    ...silentLog,
    told,
    step: (title) => ({
      update: (detail) => told.push(`${title}: ${detail}`),
      done: () => told.push(`${title}: done`),
      failed: () => told.push(`${title}: failed`),
    }),
  };
}

test("a step ends with what it did, and gives what that gave", async () => {
  const log = recording();
  const result = await asStep(log, "Merging", async (step) => {
    step.update("half");
    return 7;
  });
  expect({ result, told: log.told }).toEqual({ result: 7, told: ["Merging: half", "Merging: done"] });
});

test("a step that fails says so, and throws what was thrown", async () => {
  const log = recording();
  const failed = asStep(log, "Merging", async () => {
    throw new Error("conflict");
  });
  await expect(failed).rejects.toThrow("conflict");
  expect(log.told).toEqual(["Merging: failed"]);
});
