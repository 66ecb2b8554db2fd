import { defineAction, text } from "../../src/actions/definition.ts";

export const definition = defineAction({ inputs: { state: text() }, outputs: [] });
