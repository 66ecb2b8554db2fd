import { spellingsOf } from "./spellings.ts";

/** Shorter ones stand in every text, and hiding them would say where. */
export const shortest = 6;

/** What takes the place of a value, unless something better is known. */
export const redacted = "[redacted]";

/** A growing set of values, each with what is shown in its place. */
export interface Masks {
  /** Hides a value of six characters or more from now on, in all its spellings. */
  hide(value: string, mask?: string): void;
  /** Hides a text as it is. */
  hideAsIs(text: string, mask?: string): void;
  /**
   * The text without any of them; also where somebody has cut it off amid a value, and said so with `…` or `...`.
   * Where two overlap, both go.
   */
  apply(text: string): string;
}

/** The longest piece after a cut in which the rest of a value is looked for. */
const longestRest = 10_000;
/** Where a text goes on after a cut; json-iterator of Kubernetes adds `|`. */
const cut = /(?:…|\.\.\.)[|\s"']*/g;
const cutAhead = /[|\s"']{0,3}(?:…|\.\.\.)/y;

const pieceBits = 24;

/** Of the six letters from `at`. */
function hashAt(text: string, at: number): number {
  let hash = 0;
  for (let index = at; index < at + shortest; index++)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x9e3779b1);
  return hash >>> (32 - pieceBits);
}

interface Region {
  start: number;
  end: number;
  mask: string;
}

export function createMasks(): Masks {
  const masks = new Map<string, string>();
  /** Spellings by their first letters. */
  const byStart = new Map<string, string[]>();
  /** Bits of all that stands anywhere in a value: nearly all text does not, and need not be compared. */
  const pieces = new Uint32Array(2 ** (pieceBits - 5));
  const told = new Set<string>();

  function hideAsIs(shown: string, mask = redacted): void {
    const text = shown.replace(/\s+/g, " ").trim();
    if (text.length < shortest || masks.has(text)) return;
    masks.set(text, mask);
    const start = text.slice(0, shortest);
    const known = byStart.get(start);
    if (known) known.push(text);
    else byStart.set(start, [text]);
    for (let at = 0; at + shortest <= text.length; at++) {
      const hash = hashAt(text, at);
      pieces[hash >>> 5] = (pieces[hash >>> 5] ?? 0) | (1 << (hash & 31));
    }
  }

  function mayHold(text: string, at: number): boolean {
    const hash = hashAt(text, at);
    return (((pieces[hash >>> 5] ?? 0) >>> (hash & 31)) & 1) === 1;
  }

  /** How far from `at` the text is a value, or the beginning of one that is cut off there; 0 where it is none. */
  function lengthAt(text: string, at: number, value: string): number {
    if (text.startsWith(value, at)) return value.length;
    const common = commonLength(text, at, value, 0);
    return common >= shortest && (at + common === text.length || isCut(text, at + common)) ? common : 0;
  }

  function* whole(text: string): Generator<Region> {
    for (let at = 0; at + shortest <= text.length; at++) {
      if (!mayHold(text, at)) continue;
      const values = byStart.get(text.slice(at, at + shortest));
      if (values === undefined) continue;
      let longest = { length: 0, mask: redacted };
      for (const value of values) {
        const length = lengthAt(text, at, value);
        if (length > longest.length) longest = { length, mask: masks.get(value) ?? redacted };
      }
      if (longest.length > 0) yield { start: at, end: at + longest.length, mask: longest.mask };
    }
  }

  /** Ends, and middles, of values whose beginning was cut off. */
  function* rests(text: string): Generator<Region> {
    for (const match of text.matchAll(cut)) {
      const start = match.index + match[0].length;
      const probe = text.slice(start, start + shortest);
      if (probe.length < shortest || !mayHold(text, start)) continue;
      let end = 0;
      for (const value of masks.keys()) {
        if (value.length > longestRest) continue;
        for (let found = value.indexOf(probe, 1); found !== -1; found = value.indexOf(probe, found + 1)) {
          const length = commonLength(text, start, value, found);
          if (
            found + length === value.length ||
            isCut(text, start + length) ||
            start + length === text.length
          )
            end = Math.max(end, start + length);
        }
      }
      if (end > 0) yield { start, end, mask: redacted };
    }
  }

  return {
    hideAsIs,
    hide(value, mask = redacted) {
      if (value.trim().length < shortest || told.has(value)) return;
      told.add(value);
      for (const spelling of spellingsOf(value)) hideAsIs(spelling, mask);
    },
    apply(text) {
      if (masks.size === 0 || text.length < shortest) return text;
      const { flat, placeOf } = flatten(text);
      const regions = [...whole(flat), ...rests(flat)].map(({ start, end, mask }) => ({
        ...{ start: placeOf(start), end: placeOf(end - 1) + 1, mask },
      }));
      return regions.length === 0 ? text : withoutRegions(text, regions);
    },
  };
}

/** With every white space as one blank: YAML folds lines, and messages are wrapped. `placeOf` leads back. */
function flatten(text: string): { flat: string; placeOf(index: number): number } {
  if (!/\s\s|[^\S ]/.test(text)) return { flat: text, placeOf: (index) => index };
  const parts: string[] = [];
  /** Where each part begins in the flat text, and in the text. */
  const begins: number[] = [];
  const places: number[] = [];
  let [length, end] = [0, 0];
  for (const { index, 0: space } of text.matchAll(/\s+/g)) {
    begins.push(length);
    places.push(end);
    parts.push(text.slice(end, index), " ");
    length += index - end + 1;
    end = index + space.length;
  }
  begins.push(length);
  places.push(end);
  parts.push(text.slice(end));
  return {
    flat: parts.join(""),
    placeOf(index) {
      const part = lastNotAfter(begins, index);
      return (places[part] ?? 0) + index - (begins[part] ?? 0);
    },
  };
}

/** The index of the last of these ascending numbers that is not greater. */
function lastNotAfter(numbers: readonly number[], limit: number): number {
  let [low, high] = [0, numbers.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((numbers[middle] ?? 0) <= limit) low = middle;
    else high = middle - 1;
  }
  return low;
}

function withoutRegions(text: string, regions: readonly Region[]): string {
  let result = "";
  let end = 0;
  for (const region of regions.toSorted((left, right) => left.start - right.start || right.end - left.end)) {
    if (region.start >= end) result += text.slice(end, region.start) + region.mask;
    end = Math.max(end, region.end);
  }
  return result + text.slice(end);
}

function commonLength(text: string, at: number, value: string, from: number): number {
  let length = 0;
  while (
    from + length < value.length &&
    at + length < text.length &&
    text.charCodeAt(at + length) === value.charCodeAt(from + length)
  )
    length++;
  return length;
}

function isCut(text: string, at: number): boolean {
  cutAhead.lastIndex = at;
  return cutAhead.test(text);
}
