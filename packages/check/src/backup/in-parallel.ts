/** Work on items as they come, several at a time. */

/** As many at a time as `limit` says when one begins. The first failure ends it, once what was begun has ended. */
export async function inParallel<Item>(
  items: AsyncIterable<Item>,
  work: (item: Item) => Promise<void>,
  limit: () => number,
): Promise<void> {
  const underWay = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;
  for await (const item of items) {
    const task: Promise<void> = work(item)
      .catch((error) => {
        failure ??= { error };
      })
      .finally(() => underWay.delete(task));
    underWay.add(task);
    while (underWay.size >= limit() && underWay.size > 0) await Promise.race(underWay);
    if (failure !== undefined) break;
  }
  await Promise.all(underWay);
  if (failure !== undefined) throw failure.error;
}
