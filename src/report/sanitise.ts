/**
 * Makes a text of unknown origin (a branch, a manifest, a message) safe to print on a terminal or in a
 * log: no escape sequences, no control characters but the line feed, nothing that reorders what is read,
 * and no command to the runner of GitHub Actions, which looks for them in all that is printed.
 */
export function forTerminal(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what has to go
      .replace(/\u001b\[[0-9;?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001b./g, "")
      // biome-ignore lint/suspicious/noControlCharactersInRegex: likewise
      .replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, " ")
      .replace(/[\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g, "")
      .replace(/^(\s*:)(?=:)/gm, "$1 ")
      .replaceAll("##[", "## [")
  );
}

/** The same on a single line. */
export function oneLine(text: string): string {
  return forTerminal(text).replace(/\s+/g, " ").trim();
}
