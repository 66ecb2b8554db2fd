import { defineAction, flag, name, secret, text } from "../../src/actions/definition.ts";

export const definition = defineAction({
  inputs: {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of GitHub's
    token: secret("${{ github.token }}"),
    instance: name("default"),
    artifact: text("rehearsal-report"),
    verdict: text(),
    comment: flag(true),
    check: flag(true),
  },
  outputs: ["comment-url", "check-url", "pull-request"],
});
