import { defineAction, duration, flag, name, required, text } from "../../src/actions/definition.ts";

export const definition = defineAction({
  inputs: {
    state: required(text()),
    timeout: duration(),
    instance: name("default"),
    annotations: flag(true),
    summary: flag(true),
    logs: flag(true),
  },
  outputs: ["result", "verdict", "report", "summary"],
});
