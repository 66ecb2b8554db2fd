import { defineAction, required, secret, text } from "../../src/actions/definition.ts";

export const definition = defineAction({
  inputs: {
    needs: required(text()),
    // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of GitHub's
    token: secret("${{ github.token }}"),
    instance: text(),
  },
  outputs: ["open", "reason"],
});
