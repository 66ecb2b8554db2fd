import { countOf, someOf } from "../runner/words.ts";
import type { ServedArtefact } from "../vendor/evidence.ts";

/** What a reader of the verdict has to know about where things of other hosts came from. */
export function vendorNotes(served: readonly ServedArtefact[], { offline }: { offline: boolean }): string[] {
  const cached = served.filter(({ from }) => from === "cache");
  if (offline) {
    const count = countOf(cached.length, "thing");
    return [
      `Rehearsed offline: no other host was asked for anything, and ${count} of theirs came from the cache.`,
    ];
  }
  const stoodIn = cached.flatMap(({ what, why }) => (why === undefined ? [] : [`${what} (${why})`]));
  return stoodIn.length === 0
    ? []
    : [`Other hosts failed, and the cache had to do; newer versions could not be seen: ${someOf(stoodIn)}.`];
}
