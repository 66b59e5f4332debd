/** In which order a search visits entries, and where it starts: anything goes unless it is paged or sorted. */

import type { Entry } from "../snapshot/entry.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import { sortInSlices } from "../snapshot/sort-in-slices.ts";
import type { TimeSlice } from "../time-slice.ts";
import type { Candidates } from "./candidates.ts";
import type { Matcher } from "./matcher.ts";
import type { ResultControls } from "./result-controls.ts";
import type { SortOrder } from "./sort-order.ts";

export interface VisitOrder {
  readonly entries: readonly Entry[];
  readonly start: number;
  /** Whether the event loop had its turn meanwhile. */
  readonly wasPaused: boolean;
}

interface VisitRequest {
  readonly snapshot: Snapshot;
  readonly candidates: Candidates | undefined;
  readonly controls: ResultControls;
  /** As long as the event loop has not had its turn, and after it has. */
  readonly matches: Matcher;
  readonly matchesAnew: Matcher;
  readonly slice: TimeSlice;
  /** Whether nobody waits for the result any more: then what there is of it will do. */
  isOver(): boolean;
}

export async function visitOrder(request: VisitRequest): Promise<VisitOrder> {
  const { snapshot, candidates, controls } = request;
  const { order, page } = controls;
  if (order) return sorted(request, order);
  if (!page) return { entries: candidates?.entries() ?? snapshot.entries(), start: 0, wasPaused: false };
  const { position } = page;
  if (!candidates) {
    const start = position ? snapshot.positionAfter(position.key) : 0;
    return { entries: snapshot.entries(), start, wasPaused: false };
  }
  const left = candidates.entries().filter((entry) => position === undefined || entry.key > position.key);
  return { entries: await sortInSlices(left, (a, b) => (a.key < b.key ? -1 : 1)), start: 0, wasPaused: true };
}

/** The matches behind the page's position, in order. They are to be asked again before they are sent. */
async function sorted(request: VisitRequest, order: SortOrder): Promise<VisitOrder> {
  const { snapshot, candidates, controls, slice } = request;
  let { matches } = request;
  const matched: { entry: Entry; key: string; keys: (string | null)[] }[] = [];
  const position = controls.page?.position;
  const after = position && { key: position.key, keys: position.sortKeys };
  for (const entry of candidates?.entries() ?? snapshot.entries()) {
    if (slice.over) {
      await slice.next();
      matches = request.matchesAnew;
      if (request.isOver()) break;
    }
    if (!matches(entry)) continue;
    const item = { entry, key: entry.key, keys: order.keysOf(entry) };
    if (!after || order.compare(item, after) > 0) matched.push(item);
  }
  const inOrder = await sortInSlices(matched, (a, b) => order.compare(a, b));
  return { entries: inOrder.map((item) => item.entry), start: 0, wasPaused: true };
}
