/** The part of the API that reads. */
import type { EventLog, Metrics, Store } from "@espalier/service";
import { type ApiPart, apiPart } from "../api/route.ts";
import type { Clusters } from "../clusters/cluster.ts";
import { Cursors } from "./cursors.ts";
import { entryHandlers } from "./entry.ts";
import type { GroupMembers } from "./group-values.ts";
import { groupHandlers } from "./groups.ts";
import { GroupLists, type Groups } from "./groups-of.ts";
import { KeptLists } from "./kept-lists.ts";
import { MemberLists } from "./members.ts";
import { registerReadingMetrics } from "./metrics.ts";
import { clusterHandlers } from "./overview.ts";
import { PagedReads } from "./paged-reads.ts";
import { readingRoutes } from "./routes.ts";
import { savedSearchHandlers } from "./saved-searches.ts";
import { schemaHandlers } from "./schema.ts";
import { searchHandlers } from "./search.ts";
import { StreamSlots } from "./stream.ts";

export interface ReadingNeeds {
  readonly clusters: Clusters;
  readonly store: Store;
  /** Reveals are noted there before they are shown. */
  readonly log: Pick<EventLog, "append">;
  readonly metrics: Metrics;
  readonly now: () => number;
}

export interface ReadingPart extends ApiPart {
  /** The session is over: what was kept for it goes, connections too. */
  endSession(sessionId: string): void;
  close(): void;
}

const idleMs = 5 * 60_000;
const listBounds = { maxPerSession: 4, idleMs };
const maxCharacters = 64 * 1024 * 1024;

export function readingPart({ clusters, store, log, metrics, now }: ReadingNeeds): ReadingPart {
  const cursors = new Cursors({ now, maxPerSession: 4, idleMs });
  const streamSlots = new StreamSlots(4);
  const members = new KeptLists<GroupMembers>({ now, ...listBounds, maxCharacters });
  const groups = new KeptLists<Groups>({ now, ...listBounds, maxCharacters: maxCharacters / 4 });
  const instruments = registerReadingMetrics(metrics);
  metrics.onCollect(() => {
    instruments.cursors.labels({}).set(cursors.count);
    instruments.streams.labels({}).set(streamSlots.count);
  });
  const part = apiPart(readingRoutes, {
    ...clusterHandlers({ clusters }),
    ...entryHandlers({ clusters, log, now }),
    ...searchHandlers({ clusters, pagedReads: new PagedReads(cursors), streamSlots, metrics: instruments }),
    ...groupHandlers({ clusters, memberLists: new MemberLists(members), groupLists: new GroupLists(groups) }),
    ...schemaHandlers({ clusters }),
    ...savedSearchHandlers({ clusters, store, now }),
  });
  return {
    ...part,
    endSession(sessionId) {
      cursors.endSession(sessionId);
      members.endSession(sessionId);
      groups.endSession(sessionId);
    },
    close: () => cursors.close(),
  };
}
