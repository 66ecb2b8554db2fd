/**
 * Makes a text of unknown origin (a branch, a manifest, a message) safe to print on a terminal or in a
 * log: nothing that is not seen, and no command to the runner of GitHub Actions, which looks for them in
 * all that is printed (`::` at the start of a line, `##[` anywhere: actions/runner, ActionCommand.cs).
 */
export function forTerminal(text: string): string {
  return visible(text)
    .replace(/^([^\S\n\u2028\u2029]*:)(?=:)/gm, "$1 ")
    .replaceAll("##[", "## [");
}

/** The same on a single line. */
export function oneLine(text: string): string {
  return forTerminal(text).replace(/\s+/g, " ").trim();
}

/**
 * Only what is seen: no escape sequences, no control characters but the line feed, nothing invisible and
 * nothing that reorders what is read.
 */
export function visible(text: string): string {
  return (
    text
      .toWellFormed()
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what has to go
      .replace(/\u001b\[[0-9;?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001b./g, "")
      // biome-ignore lint/suspicious/noControlCharactersInRegex: likewise
      .replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, " ")
      .replace(/[\p{Default_Ignorable_Code_Point}\ufff9-\ufffb]/gu, "")
  );
}
