import { z } from "zod";
import type { ProgressNode } from "../rehearsal/snapshot.ts";
import {
  ChangeError,
  InfrastructureError,
  isExpected,
  messageOf,
  type Place,
  UsageError,
} from "../runner/errors.ts";

/**
 * What a client and the host of a session say to each other over its socket, one JSON a line. A client sends
 * one command and gets messages, of which the last is a result or an error. A connection that ends before
 * cancels the command, and the session with it.
 */

/** Raised with every change of what is said here: steps of one job may be of different releases. */
const protocol = 1;

/** Undefined survives no JSON. */
const text = z
  .string()
  .optional()
  .transform((value) => value);

const command = z.discriminatedUnion("command", [
  z.object({ command: z.literal("start") }),
  z.object({ command: z.literal("bootstrap") }),
  z.object({
    command: z.literal("sync"),
    /** In place of the configuration's. */
    timeoutMs: z.number().optional(),
    /** A folder that takes the logs of all processes; absolute. */
    logsTo: z.string().optional(),
  }),
  z.object({ command: z.literal("stop") }),
]);

export type Command = z.infer<typeof command>;

const results = {
  start: z.discriminatedUnion("kind", [
    z.object({
      kind: z.literal("cluster"),
      /** A private file, there until the session ends. */
      kubeconfig: z.string(),
      engine: z.string(),
      kubernetes: z.string(),
    }),
    z.object({ kind: z.literal("settled") }),
  ]),
  bootstrap: z.discriminatedUnion("kind", [
    z.object({
      kind: z.literal("argocd"),
      kubeconfig: z.string(),
      namespace: z.string(),
      version: z.string(),
    }),
    z.object({ kind: z.literal("settled") }),
  ]),
  sync: z.object({ kind: z.literal("settled") }),
  stop: z.object({ kind: z.literal("stopped") }),
};

/** What a command comes to. `settled`: there is a verdict in the state folder, and nothing left to do. */
export type ResultOf<Name extends Command["command"]> = z.infer<(typeof results)[Name]>;
export type CommandResult = ResultOf<Command["command"]>;

const progressNode: z.ZodType<ProgressNode> = z.object({
  key: z.string(),
  name: z.string(),
  kind: z.enum(["Application", "ApplicationSet"]),
  state: z.enum(["passed", "progressing", "waiting", "failed", "unseen"]),
  sync: text,
  health: text,
  detail: text,
  seconds: z.number(),
  get children() {
    return z.array(progressNode);
  },
});

const place = z
  .object({ file: z.string(), line: z.number().optional() })
  .optional()
  .transform((value): Place | undefined => value);

const wireError = z.object({
  kind: z.enum(["change", "usage", "infrastructure", "defect"]),
  message: z.string(),
  where: place,
  fix: text,
  stack: text,
});

type WireError = z.infer<typeof wireError>;

const message = z.discriminatedUnion("type", [
  z.object({ type: z.literal("line"), level: z.enum(["info", "warn", "debug"]), line: z.string() }),
  z.object({ type: z.literal("step"), id: z.number(), title: z.string() }),
  z.object({
    type: z.literal("stepped"),
    id: z.number(),
    how: z.enum(["update", "done", "failed"]),
    detail: text,
  }),
  z.object({ type: z.literal("progress"), tree: z.array(progressNode) }),
  z.object({ type: z.literal("result"), result: z.unknown() }),
  z.object({ type: z.literal("error"), error: wireError }),
]);

export type Message = z.infer<typeof message>;

export function formatCommand(value: Command): string {
  return `${JSON.stringify({ protocol, ...value })}\n`;
}

/** Throws UsageError where the client is of another release. */
export function parseCommand(line: string): Command {
  const value: unknown = JSON.parse(line);
  const version = z.object({ protocol: z.number() }).safeParse(value);
  const parsed = command.safeParse(value);
  if (version.data?.protocol === protocol && parsed.success) return parsed.data;
  throw new UsageError(
    "this step and setup-cluster are of different releases, and do not understand each other",
    {
      fix: "Use one version of all actions in a job.",
    },
  );
}

export function formatMessage(value: Message): string {
  return `${JSON.stringify(value)}\n`;
}

/** Throws UsageError where the host is of another release. */
export function parseMessage(line: string): Message {
  const parsed = message.safeParse(JSON.parse(line));
  if (parsed.success) return parsed.data;
  throw new UsageError(
    "setup-cluster and this step are of different releases, and do not understand each other",
    {
      fix: "Use one version of all actions in a job.",
    },
  );
}

export function parseResult<Name extends Command["command"]>(name: Name, value: unknown): ResultOf<Name> {
  return results[name].parse(value) as ResultOf<Name>;
}

const kinds = { change: ChangeError, usage: UsageError, infrastructure: InfrastructureError };

export function toWire(error: unknown): WireError {
  if (!isExpected(error)) {
    const stack = error instanceof Error ? error.stack : undefined;
    return { kind: "defect", message: messageOf(error), where: undefined, fix: undefined, stack };
  }
  const { message, where, fix } = error;
  const kind =
    error instanceof ChangeError ? "change" : error instanceof UsageError ? "usage" : "infrastructure";
  return { kind, message, where, fix, stack: undefined };
}

/** The error as it was thrown there; a defect keeps the stack that it had. */
export function fromWire({ kind, message, where, fix, stack }: WireError): Error {
  if (kind !== "defect") return new kinds[kind](message, { where, fix });
  const error = new Error(message);
  if (stack !== undefined) error.stack = stack;
  return error;
}
