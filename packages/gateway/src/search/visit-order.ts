/** In which order a search visits entries, and where it starts: anything goes unless it is paged or sorted. */

import type { TimeSlice } from "../refresh/time-slice.ts";
import type { Entry } from "../snapshot/entry.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import { sortInSlices } from "../snapshot/sort-in-slices.ts";
import type { Candidates } from "./candidates.ts";
import type { Matcher } from "./matcher.ts";
import type { ResultControls } from "./result-controls.ts";
import type { SortOrder } from "./sort-order.ts";

export interface VisitOrder {
  readonly entries: readonly Entry[];
  readonly start: number;
  /** Whether `entries` holds matches only. */
  readonly matched: boolean;
}

interface VisitRequest {
  readonly snapshot: Snapshot;
  readonly candidates: Candidates | undefined;
  readonly controls: ResultControls;
  readonly matches: Matcher;
  readonly slice: TimeSlice;
}

export async function visitOrder(request: VisitRequest): Promise<VisitOrder> {
  const { snapshot, candidates, controls } = request;
  const { order, page } = controls;
  if (order) return sorted(request, order);
  if (!page) return { entries: candidates?.entries() ?? snapshot.entries(), start: 0, matched: false };
  const { position } = page;
  if (!candidates) {
    return { entries: snapshot.entries(), start: position ? snapshot.positionAfter(position.key) : 0, matched: false };
  }
  const left = candidates.entries().filter((entry) => position === undefined || entry.key > position.key);
  return { entries: await sortInSlices(left, (a, b) => (a.key < b.key ? -1 : 1)), start: 0, matched: false };
}

async function sorted(
  { snapshot, candidates, controls, matches, slice }: VisitRequest,
  order: SortOrder,
): Promise<VisitOrder> {
  const matched: { entry: Entry; key: string; keys: (string | null)[] }[] = [];
  const position = controls.page?.position;
  const after = position && { key: position.key, keys: position.sortKeys };
  for (const entry of candidates?.entries() ?? snapshot.entries()) {
    if (slice.over) await slice.next();
    if (!matches(entry)) continue;
    const item = { entry, key: entry.key, keys: order.keysOf(entry) };
    if (!after || order.compare(item, after) > 0) matched.push(item);
  }
  const inOrder = await sortInSlices(matched, (a, b) => order.compare(a, b));
  return { entries: inOrder.map((item) => item.entry), start: 0, matched: true };
}
