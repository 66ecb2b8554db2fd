import { expect, it } from "vitest";
import { change, tidy } from "./failure.ts";

it("a message becomes one line, and keeps its length: it is not redacted yet", () => {
  const end = "the-end-of-a-value";
  const message = `rpc error: code = Unknown desc = ${"x".repeat(5_000)}\n\t${end}`;
  expect(tidy(message)).toBe(`${"x".repeat(5_000)} ${end}`);
  expect(change("crash", message, { when: "quiet" }).reason.message).toContain(end);
});
