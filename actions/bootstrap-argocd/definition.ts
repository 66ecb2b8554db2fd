import { defineAction, required, text } from "../../src/actions/definition.ts";

export const definition = defineAction({
  inputs: { state: required(text()) },
  outputs: ["namespace", "version", "kubeconfig"],
});
