import { expect, test } from "vitest";
import type { Console } from "../report/plain-console.ts";
import { formatMessage, type Message, parseMessage } from "./protocol.ts";
import { relayLog, replay } from "./relay.ts";

/** A log that writes down what it is told. */
function recorder(): Console & { told: string[] } {
  const told: string[] = [];
  const say =
    (what: string) =>
    (detail = "") =>
      void told.push(`${what} ${detail}`.trim());
  return {
    told,
    info: say("info"),
    warn: say("warn"),
    debug: say("debug"),
    step(title) {
      told.push(`step ${title}`);
      return { update: say(`${title}:`), done: say(`${title} done`), failed: say(`${title} failed`) };
    },
    showTree: (tree) => told.push(`tree of ${tree.length}`),
    close() {},
  };
}

test("what the host logs is shown there and by the client, step by step", () => {
  const [host, client] = [recorder(), recorder()];
  const show = replay(client);
  const log = relayLog(host, (message) => show(parseMessage(formatMessage(message))));
  const first = log.step("one");
  const second = log.step("two");
  first.update("half");
  second.failed();
  first.done("in time");
  log.info("a");
  log.warn("b");
  log.debug("c");
  log.showTree([]);
  const told = ["step one", "step two", "one: half", "two failed", "one done in time"];
  expect(host.told).toEqual([...told, "info a", "warn b", "debug c", "tree of 0"]);
  expect(client.told).toEqual(host.told);
});

test("a client that came later knows nothing of a step that began before", () => {
  const client = recorder();
  const messages: Message[] = [];
  const log = relayLog(recorder(), (message) => void messages.push(message));
  const step = log.step("one");
  messages.length = 0;
  step.done();
  messages.forEach(replay(client));
  expect(client.told).toEqual([]);
});
