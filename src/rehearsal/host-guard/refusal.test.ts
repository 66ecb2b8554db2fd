import { expect, it } from "vitest";
import { classifyComparison, classifySync, cleanMessage } from "../messages.ts";
import { hostRefusal } from "./refusal.ts";

const name = "rehearsal-0123456789abcdef0123456789abcdef";
const denied = `daemonsets.apps "node-exporter" is forbidden: ValidatingAdmissionPolicy '${name}' with binding '${name}' denied request: DaemonSet monitoring/node-exporter would get hold of the machine that runs this rehearsal: hostNetwork, a volume of the host's files`;
const told =
  'DaemonSet monitoring/node-exporter would get hold of the machine that runs this rehearsal: hostNetwork, a volume of the host\'s files. A maintainer who trusts it with that waives it by name in .rehearsal.yaml on the base: hostAccess: ["monitoring/node-exporter"]';

it.each([
  denied,
  `one or more objects failed to apply, reason: ${denied},services "x" is invalid. Retrying attempt #2 at 12:00PM.`,
  `${denied} (retried 3 times).`,
])("tells who is refused and how that is mended", (message) => expect(cleanMessage(message)).toBe(told));

it("is for whoever configures the rehearsal, and final at once", () => {
  expect(classifySync(cleanMessage(denied))).toEqual({
    code: "forbidden",
    class: "configuration",
    finality: { when: "now" },
  });
  expect(classifySync(denied)).toMatchObject({ class: "configuration" });
  expect(classifyComparison(`apply in dryrun mode: ${denied}`)).toMatchObject({ class: "configuration" });
});

it("is nothing in other words", () =>
  expect(hostRefusal("pods is forbidden: ValidatingAdmissionPolicy 'x' denied request: no")).toBeUndefined());
