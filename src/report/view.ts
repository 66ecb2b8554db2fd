import type { Place } from "../runner/errors.ts";
import { countOf } from "../runner/words.ts";
import type { DiagnosisLimits } from "./diagnosis.ts";
import type { Links } from "./links.ts";
import { code, link, words } from "./markdown.ts";
import { placeText } from "./text.ts";
import { clip } from "./tree.ts";

/** How much a medium shows of each thing; what is cut off says so. */
export interface Scale extends DiagnosisLimits {
  /** Characters of a message. */
  message: number;
  /** Characters of a line in a block of code. */
  width: number;
  /** Names in a sentence. */
  names: number;
  /** Rows of the tree, and columns. */
  rows: number;
  columns: number;
}

/** What every section is made with. */
export interface View {
  links: Links;
  scale: Scale;
}

/** Longer names are no Kubernetes name. */
const nameWidth = 120;
const pathWidth = 240;
/** Browsers and GitHub take no more. */
const urlWidth = 2_000;

/** An untrusted name, as code. */
export function named(name: string): string {
  return code(clip(name, nameWidth));
}

/** The first of some untrusted names, as code, and how many more there are. */
export function someNamed(names: readonly string[], { scale }: View): string {
  const shown = names.slice(0, scale.names).map(named).join(", ");
  return names.length <= scale.names ? shown : `${shown} and ${names.length - scale.names} more`;
}

/** A place in the repository as code, linked where that can be. */
export function placed(place: Place, { links }: View): string {
  const url = links.toPlace(place);
  return link(code(clip(placeText(place), pathWidth)), url && url.length <= urlWidth ? url : undefined);
}

/** An untrusted message as words, without its middle where it is long: an error ends with its cause. */
export function said(message: string, { scale }: View): string {
  const text = message.trim();
  if (text.length <= scale.message) return words(text);
  const half = Math.floor(scale.message / 2);
  const left = text.length - 2 * half;
  return `${words(text.slice(0, half))} _[… ${countOf(left, "character")} in the artifact …]_ ${words(text.slice(-half))}`;
}

/** Counts by unit as words: `2 failures, 1 file`. */
export function counted(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([unit, count]) => countOf(count, unit)).join(", ");
}
