import { choice, defineAction, duration, flag, lines, name, text } from "../../src/actions/definition.ts";

export const definition = defineAction({
  inputs: {
    path: text("."),
    engine: choice(["k3d", "simulated", "existing"]),
    timeout: duration(),
    roots: lines(),
    base: text(),
    head: text(),
    always: flag(false),
    offline: flag(false),
    cache: text(),
    instance: name("default"),
    toolchain: text(),
    "toolchain-archive": text(),
    "toolchain-sha256": text(),
    annotations: flag(true),
    summary: flag(true),
    logs: flag(true),
  },
  outputs: ["result", "verdict", "report", "summary"],
});
