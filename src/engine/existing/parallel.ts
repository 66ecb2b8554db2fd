/** A shared cluster's API has others to serve, too. */
const atOnce = 8;

/** `work` for each item, a few at once; gives the results in the items' order, or throws the first failure. */
export async function inParallel<T, U>(
  items: readonly T[],
  work: (item: T) => Promise<U>,
  limit = atOnce,
): Promise<U[]> {
  const results: U[] = [];
  let next = 0;
  async function worker(): Promise<void> {
    for (let index = next++; index < items.length; index = next++) {
      results[index] = await work(items[index] as T);
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  return results;
}
