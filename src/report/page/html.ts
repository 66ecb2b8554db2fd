import { escaped } from "../escape.ts";

const safe = Symbol("safe HTML");

/** HTML that may stand as it is. Only `html` makes it, and no data can: the symbol is in no JSON. */
export interface Html {
  readonly [safe]: string;
}

/** What a template may hold: text that is still to be escaped, HTML, lists of both, or nothing. */
export type Part = Html | string | number | undefined | readonly Part[];

/**
 * A template of HTML, in which every text becomes text, also between the double quotes of an attribute. What
 * is invisible, or reorders what is read, is taken out.
 */
export function html(template: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return { [safe]: template.reduce((before, after, index) => before + sourceOf(parts[index - 1]) + after) };
}

/** A text that is ours, such as a style, in an element whose content is no HTML. */
export function raw(text: string): Html {
  return { [safe]: text };
}

/** The HTML as it is written to a file. */
export function sourceOf(part: Part): string {
  if (part === undefined) return "";
  if (typeof part === "number") return String(part);
  if (typeof part === "string") return escaped(part);
  return safe in part ? part[safe] : part.map(sourceOf).join("");
}
