import { visible } from "./sanitise.ts";

/*
 * GitHub reads a text twice: as Markdown, and then the resulting HTML, in which it links mentions,
 * references and commits and draws `:names:`. Entities are never Markdown, but the second reading sees
 * through them. It does not look into code, and a zero-width space parts what it looks for.
 */

const zeroWidthSpace = "\u200b";

/** Where to part what GitHub would make something of. */
const partings: readonly [RegExp, string][] = [
  [/[@#]/g, "$&"], // mentions, e-mail addresses, references; always, as the rest may stand in what follows
  [/gh-(?=\d)/gi, "$&"],
  [/:(?=[\w+/-])/g, "$&"], // URLs and emoji
  [/www(?=\.)/gi, "$&"],
];

/** What might be a commit's SHA. Shorter runs are linked nowhere. */
const sha = /\b[0-9a-f]{7,}\b/gi;
const shortOfSha = /.{6}(?=.)/g;

/**
 * An untrusted text as words on one line, wherever Markdown or HTML has words: in a paragraph, a list, a
 * heading, the cell of a table, or between HTML tags.
 */
export function words(text: string): string {
  const parted = partings
    .reduce((rest, [what, kept]) => rest.replace(what, `${kept}${zeroWidthSpace}`), onOneLine(text))
    .replace(sha, (run) => run.replace(shortOfSha, `$&${zeroWidthSpace}`));
  return parted.replace(/^(?:[!-/:-@]|\d(?=\d*[.)]))|[&<>\\`*_~|#$[\]\u200b]/g, entity); // at the start, lists, headings and quotes as well
}

/** An untrusted text as code within a line of Markdown, but for the cell of a table: nothing parts its bars. */
export function code(text: string): string {
  const content = onOneLine(text);
  if (content === "") return "";
  const fence = "`".repeat(longestRun(content) === 1 ? 2 : longestRun(content) + 1);
  const pad = content.startsWith("`") || content.endsWith("`") ? " " : "";
  return `${fence}${pad}${content}${pad}${fence}`;
}

/**
 * An untrusted text as code in a block of HTML, such as a summary, where Markdown means nothing. Elsewhere
 * GitHub's parser looks between the tags, and finds e-mail addresses.
 */
export function htmlCode(text: string): string {
  const content = onOneLine(text);
  return content === "" ? "" : `<code>${content.replace(/[&<>"'`*_~|[\]\\:@.]/g, entity)}</code>`;
}

/** Untrusted lines as a block of code: what opens it, its lines, and what closes it. */
export function codeBlock(lines: readonly string[]): { opening: string; lines: string[]; closing: string } {
  const shown = lines.map((line) =>
    visible(line)
      .replace(/[\n\u2028\u2029]/g, " ")
      .trimEnd(),
  );
  const fence = "`".repeat(Math.max(3, ...shown.map((line) => longestRun(line) + 1)));
  return { opening: `${fence}text`, lines: shown, closing: fence };
}

/**
 * What is Markdown already, as a link; as it is where there is no address, or where it has brackets: those of
 * code end no link, but they make `[…]:` at the start of a line, which is none at all.
 */
export function link(markdown: string, url: string | undefined): string {
  if (url === undefined || markdown === "" || /[[\]]/.test(markdown)) return markdown;
  return `[${markdown}](${url.replaceAll("&", "&amp;")})`;
}

function onOneLine(text: string): string {
  return visible(text).replace(/\s+/g, " ").trim();
}

function entity(char: string): string {
  if (char === "$") return "<span>$</span>"; // GitHub's own way to say that it is no formula
  return `&#${char.codePointAt(0)};`;
}

function longestRun(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
}
