/** A whole search as lines of JSON, at the client's pace and in constant memory. */
import { type Control, pagedResultsControl } from "@espalier/ldap";
import { OperationError, type SearchEntry, type SearchParameters } from "@espalier/ldap/client";
import { ApiError } from "../api/problem.ts";
import { asApiError } from "../api/problem-of-error.ts";
import { StreamAnswer } from "../api/route.ts";
import type { NodeConnection } from "../clusters/node-connection.ts";
import { cookieOf, noCookie } from "./page.ts";
import { beginPinned } from "./pinned.ts";
import { completeness, type Shortfall, shortfallOf, unfollowed } from "./shortfall.ts";
import type { Target } from "./target.ts";

export interface StreamedSearch {
  readonly parameters: SearchParameters;
  readonly controls: readonly Control[];
  /** Asks for pages where the server can, since some (Active Directory) give a thousand entries at a time and no more. */
  readonly pages: boolean;
  readonly node?: string | undefined;
  readonly signal: AbortSignal;
  /** An entry as an object to be written. */
  readonly json: (entry: SearchEntry) => unknown;
  /** Called once, however it ends. */
  readonly ended: (count: number) => void;
}

const pageSize = 1_000;
/** Written at once, where that much has come; an entry never waits for the next one. */
const pieceCharacters = 32 * 1024;

/**
 * The first entries, or the end, are awaited before there is an answer: what fails until then is a problem with a status.
 * What fails later ends the stream with a line that says so.
 *
 * @throws ApiError
 */
export async function streamSearch({ cluster, identity }: Target, search: StreamedSearch): Promise<StreamAnswer> {
  const { node, signal, ended } = search;
  const progress = { count: 0 };
  const { pinned, value } = await beginPinned(cluster, identity, { node, signal }, async (connection) => {
    const lines = linesOf(connection, search, progress);
    return { lines, first: await lines.next() };
  });
  let isOver = false;
  const end = () => {
    if (isOver) return;
    isOver = true;
    signal.removeEventListener("abort", end);
    pinned.release();
    ended(progress.count);
  };
  // The client may go before the first piece is asked for, and then nobody runs the generator to its end.
  signal.addEventListener("abort", end);
  if (signal.aborted) end();
  return new StreamAnswer("application/x-ndjson", pieces());

  async function* pieces(): AsyncGenerator<string, void, undefined> {
    try {
      if (value.first.done !== true) yield value.first.value;
      yield* value.lines;
    } finally {
      end();
    }
  }
}

async function* linesOf(
  connection: NodeConnection,
  { parameters, controls, pages, signal, json }: StreamedSearch,
  progress: { count: number },
): AsyncGenerator<string, void, undefined> {
  let text = "";
  let shortfall: Shortfall | undefined;
  const references: string[] = [];
  try {
    let cookie: Uint8Array = noCookie;
    do {
      const paging = pages ? [pagedResultsControl({ size: pageSize, cookie }, true)] : [];
      const found = connection.search(parameters, { controls: [...controls, ...paging], signal });
      for await (const item of found) {
        if (item.type === "searchResultReference") references.push(...item.uris);
        if (item.type !== "searchResultEntry") continue;
        progress.count += 1;
        text += `${JSON.stringify(json(item))}\n`;
        if (text.length >= pieceCharacters || found.bufferedBytes === 0) {
          yield text;
          text = "";
        }
      }
      cookie = cookieOf(found.result?.controls ?? []);
    } while (cookie.length > 0);
  } catch (error) {
    shortfall = error instanceof OperationError ? shortfallOf(error.result) : undefined;
    if (shortfall === undefined) {
      if (progress.count === 0 || signal.aborted) throw error;
      shortfall = lost(asApiError(error, connection.node), connection.node);
    }
  }
  const { count } = progress;
  const end = { count, node: connection.node, ...completeness(shortfall, unfollowed(references)) };
  yield `${text}${JSON.stringify({ end })}\n`;
}

function lost(error: ApiError, node: string): Shortfall {
  return { problem: `The search broke off on ${node}: ${error.message} Search anew.`, isLimit: false };
}

/** How many streams a session may have at once: each holds a connection to the directory for as long as its client reads. */
export class StreamSlots {
  readonly #most: number;
  readonly #taken = new Map<string, number>();

  constructor(most: number) {
    this.#most = most;
  }

  get count(): number {
    return [...this.#taken.values()].reduce((sum, taken) => sum + taken, 0);
  }

  /** Gives what frees it again. @throws ApiError `too_many_requests` */
  take(sessionId: string): () => void {
    const taken = this.#taken.get(sessionId) ?? 0;
    if (taken >= this.#most) {
      throw new ApiError("too_many_requests", `You have ${taken} streams open: wait until one has ended.`, {
        retryAfter: 5,
      });
    }
    this.#taken.set(sessionId, taken + 1);
    return () => {
      const left = (this.#taken.get(sessionId) ?? 1) - 1;
      if (left === 0) this.#taken.delete(sessionId);
      else this.#taken.set(sessionId, left);
    };
  }
}
