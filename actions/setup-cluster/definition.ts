import { choice, defineAction, flag, lines, text } from "../../src/actions/definition.ts";

export const definition = defineAction({
  inputs: {
    path: text("."),
    engine: choice(["k3d", "simulated", "existing"]),
    roots: lines(),
    base: text(),
    head: text(),
    always: flag(false),
    offline: flag(false),
    cache: text(),
    toolchain: text(),
    "toolchain-archive": text(),
    "toolchain-sha256": text(),
  },
  outputs: ["state", "relevant", "kubeconfig", "engine", "kubernetes-version"],
});
