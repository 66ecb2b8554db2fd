import type { ProgressNode } from "../rehearsal/snapshot.ts";
import type { Console } from "../report/plain-console.ts";
import type { Log, Step } from "../runner/log.ts";
import type { Message } from "./protocol.ts";

/** Where a host tells what it does: its own log, and to whoever listens. */
export interface Relay extends Log {
  showTree(tree: readonly ProgressNode[]): void;
}

/** Everything goes to `own`, and as messages to `send`. */
export function relayLog(own: Console, send: (message: Message) => void): Relay {
  let steps = 0;
  const tell = (level: "info" | "warn" | "debug") => (line: string) => {
    own[level](line);
    send({ type: "line", level, line });
  };
  return {
    info: tell("info"),
    warn: tell("warn"),
    debug: tell("debug"),
    step(title) {
      const id = ++steps;
      const step = own.step(title);
      send({ type: "step", id, title });
      const tellStep = (how: "update" | "done" | "failed") => (detail?: string) => {
        step[how](detail ?? "");
        send({ type: "stepped", id, how, detail });
      };
      return { update: tellStep("update"), done: tellStep("done"), failed: tellStep("failed") };
    },
    showTree(tree) {
      own.showTree(tree);
      send({ type: "progress", tree: [...tree] });
    },
  };
}

/** Shows on `console` what such messages tell. */
export function replay(console: Console): (message: Message) => void {
  const steps = new Map<number, Step>();
  return (message) => {
    if (message.type === "line") console[message.level](message.line);
    if (message.type === "progress") console.showTree(message.tree);
    if (message.type === "step") steps.set(message.id, console.step(message.title));
    if (message.type !== "stepped") return;
    // One that began before there was a connection is unknown here.
    steps.get(message.id)?.[message.how](message.detail ?? "");
    if (message.how !== "update") steps.delete(message.id);
  };
}
