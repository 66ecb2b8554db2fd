/** A part of a section that is shown whole or not at all. */
export interface Item {
  text: string;
  /** Lower ones get their place first. */
  rank: number;
  /** What it is one of, for the sentence that says how many are left out. */
  unit: string;
}

/** A part of a document. What opens and closes it is always there, so that nothing stays open. */
export interface Section {
  opening: string;
  items: readonly Item[];
  /** Ends the items, such as a fence; before the sentence that says what is left out. */
  closing: string;
  /** Ends the section. */
  ending: string;
}

export interface Budget {
  /** The most that the document may have. */
  limit: number;
  size(text: string): number;
  /** Says what is left out, and where it is. `counts` by unit. */
  leftOut(counts: ReadonlyMap<string, number>): string;
}

/** More than any sentence of `leftOut` has. */
const noticeSize = 400;
const gap = "\n\n";

/** The document with as many items as the budget allows, by rank; in each section without gaps among those of one rank. */
export function compose(sections: readonly Section[], { limit, size, leftOut }: Budget): string {
  const frame = sections.reduce(
    (sum, { opening, closing, ending, items }) =>
      sum + size(opening + closing + ending) + 4 * gap.length + (items.length > 0 ? noticeSize : 0),
    0,
  );
  const queue = sections
    .flatMap(({ items }, section) => items.map((item) => ({ item, section, size: size(item.text) + 1 })))
    .sort((left, right) => left.item.rank - right.item.rank);
  const kept = new Set<Item>();
  const full = new Set<string>();
  let room = limit - frame;
  for (const { item, section, size } of queue) {
    const key = `${section} ${item.rank}`;
    if (full.has(key)) continue;
    if (size > room) {
      full.add(key);
      continue;
    }
    kept.add(item);
    room -= size;
  }
  return sections.map((section) => sectionText(section, kept, leftOut)).join(gap);
}

function sectionText(
  { opening, items, closing, ending }: Section,
  kept: ReadonlySet<Item>,
  leftOut: Budget["leftOut"],
): string {
  const counts = new Map<string, number>();
  for (const item of items) if (!kept.has(item)) counts.set(item.unit, (counts.get(item.unit) ?? 0) + 1);
  const shown = items.filter((item) => kept.has(item)).map(({ text }) => text);
  const body = [...(opening ? [opening] : []), ...shown, ...(closing ? [closing] : [])].join("\n");
  return [body.replace(/^\n+|\n+$/g, ""), counts.size > 0 ? leftOut(counts) : "", ending]
    .filter((part) => part !== "")
    .join(gap);
}
