import { expect, it } from "vitest";
import { gatewayIn } from "./reach.ts";

it.each([
  ["172.18.0.1\n", "172.18.0.1"],
  ["fd00::1\n172.18.0.1/16\n", "172.18.0.1"],
  ["\n", undefined],
  ["fd00::1", undefined],
])("the gateway in %j is %s", (lines, gateway) => {
  expect(gatewayIn(lines)).toBe(gateway);
});
