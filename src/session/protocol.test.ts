import { describe, expect, test } from "vitest";
import type { ProgressNode } from "../rehearsal/snapshot.ts";
import { ChangeError, InfrastructureError, UsageError } from "../runner/errors.ts";
import {
  formatCommand,
  formatMessage,
  fromWire,
  parseCommand,
  parseMessage,
  parseResult,
  toWire,
} from "./protocol.ts";

const acrossTheWire = (error: unknown): Error => {
  const message = parseMessage(formatMessage({ type: "error", error: toWire(error) }));
  if (message.type !== "error") throw new Error(`it is a ${message.type}`);
  return fromWire(message.error);
};

describe("errors cross the wire", () => {
  test.for([ChangeError, UsageError, InfrastructureError])("%o keeps class, place and fix", (Kind) => {
    const where = { file: "apps/web.yaml", line: 7 };
    const error = acrossTheWire(new Kind("it is broken", { where, fix: "Mend it." }));
    expect(error).toBeInstanceOf(Kind);
    expect(error).toMatchObject({ message: "it is broken", where, fix: "Mend it." });
  });

  test("one without a place has none afterwards", () => {
    expect(acrossTheWire(new UsageError("no"))).toMatchObject({ where: undefined, fix: undefined });
  });

  test("a defect keeps its stack, and is no foreseen error", () => {
    const defect = new TypeError("x is not a function");
    const error = acrossTheWire(defect);
    expect(error.constructor).toBe(Error);
    expect(error.stack).toBe(defect.stack);
  });

  test("whatever else was thrown has its text", () => {
    expect(acrossTheWire("a string").message).toBe("a string");
  });
});

test("a command arrives as it was sent", () => {
  const command = { command: "sync", timeoutMs: 90_000, logsTo: "/logs" } as const;
  expect(parseCommand(formatCommand(command))).toEqual(command);
});

test.for([
  ["another protocol", '{"protocol":2,"command":"stop"}'],
  ["no protocol", '{"command":"stop"}'],
  ["an unknown command", '{"protocol":1,"command":"dance"}'],
  ["a field of another type", '{"protocol":1,"command":"sync","timeoutMs":"9"}'],
])("a command with %s is refused", ([, line]) => {
  expect(() => parseCommand(line ?? "")).toThrow(UsageError);
});

test("a message of another release is refused", () => {
  expect(() => parseMessage('{"type":"telegram"}')).toThrow(UsageError);
});

test("a tree arrives with all that it says, at any depth", () => {
  const node = (key: string, children: ProgressNode[]): ProgressNode => ({
    ...{ key, name: key, kind: "Application", state: "waiting", seconds: 1.5, children },
    ...{ sync: "Synced", health: undefined, detail: undefined },
  });
  const tree = [node("a", [node("b", [node("c", [])])])];
  const message = parseMessage(formatMessage({ type: "progress", tree }));
  expect(message).toEqual({ type: "progress", tree });
});

test("a result has to be that of its command", () => {
  const cluster = { kind: "cluster", kubeconfig: "/k", engine: "simulated", kubernetes: "v1.37.2" };
  expect(parseResult("start", cluster)).toEqual(cluster);
  expect(() => parseResult("bootstrap", cluster)).toThrow();
});
