/** Requests that were refused, kept without their secrets so that somebody can see what is wrong: few, short, and the newest. */
import { randomUUIDv7 } from "node:crypto";
import { namesSecret, redacted, redactUrls, type Store, sql, sqlRows } from "@espalier/service";
import { TokenBuckets } from "@espalier/service/http";
import { readPayload } from "./payload.ts";

export interface RejectedRequest {
  readonly source: string;
  readonly address: string;
  readonly statusCode: number;
  readonly reason: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Uint8Array;
  readonly receivedMs: number;
}

export interface Rejection {
  readonly id: string;
  readonly time: number;
  readonly source: string;
  readonly address: string;
  readonly statusCode: number;
  readonly reason: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The beginning of it, or what it says without the secrets. */
  readonly body: string;
  readonly bodyBytes: number;
}

interface RejectionRow extends Omit<Rejection, "headers" | "statusCode" | "bodyBytes"> {
  readonly status_code: number;
  readonly headers: string;
  readonly body_bytes: number;
}

/** Of each source; a stranger can write no more than that to the disk, and this many a minute. */
const keptOfSource = 200;
const keptAMinute = 30;
const maxBody = 2_048;
const maxHeader = 256;
const maxHeaders = 40;
/** Whose values say how a request was made, and are no credentials. */
const shownHeaders = new Set([
  ...["accept", "content-encoding", "content-length", "content-type", "date", "host", "user-agent"],
  ...["webhook-id", "webhook-timestamp", "x-github-delivery", "x-github-event", "x-gitlab-event", "x-request-id"],
]);

export class Rejections {
  readonly #store: Store;
  readonly #onUnkept: () => void;
  readonly #budget: TokenBuckets;
  #waiting: Rejection[] = [];

  constructor(store: Store, onUnkept: () => void) {
    this.#store = store;
    this.#onUnkept = onUnkept;
    this.#budget = new TokenBuckets({ average: keptAMinute, burst: keptAMinute, maxKeys: 1_000 });
  }

  /** Until the next {@link flush}. */
  add(request: RejectedRequest): void {
    if (!this.#budget.take(request.source)) {
      this.#onUnkept();
      return;
    }
    const { source, address, statusCode, reason, receivedMs, body } = request;
    const contentType = request.headers["content-type"];
    this.#waiting.push({
      id: randomUUIDv7(),
      time: receivedMs,
      source,
      address,
      statusCode,
      reason,
      headers: shownHeadersOf(request.headers),
      body: shownBody(typeof contentType === "string" ? contentType : undefined, body),
      bodyBytes: body.length,
    });
  }

  /** What cannot be stored is given up: it is for looking into, and more will come. */
  async flush(): Promise<void> {
    const rejections = this.#waiting;
    if (rejections.length === 0) return;
    this.#waiting = [];
    const rows = rejections.map(({ id, time, source, address, statusCode, reason, headers, body, bodyBytes }) => [
      ...[id, time, source, address, statusCode, reason, JSON.stringify(headers), body, bodyBytes],
    ]);
    await this.#store.write(async (transaction) => {
      await transaction.run(
        sql`INSERT INTO hook_rejected (id, time, source, address, status_code, reason, headers, body, body_bytes)
          VALUES ${sqlRows(rows)}`,
      );
      for (const source of new Set(rejections.map((each) => each.source))) {
        await transaction.run(
          sql`DELETE FROM hook_rejected WHERE source = ${source} AND id < (SELECT min(id) FROM (
            SELECT id FROM hook_rejected WHERE source = ${source} ORDER BY id DESC LIMIT ${keptOfSource}) AS newest)`,
        );
      }
    });
  }
}

/** The newest first. */
export async function listRejections(
  store: Store,
  { source, limit = 20 }: { readonly source?: string; readonly limit?: number } = {},
): Promise<readonly Rejection[]> {
  const where = source === undefined ? sql`` : sql`WHERE source = ${source}`;
  const rows = await store.all<RejectionRow>(sql`SELECT * FROM hook_rejected ${where} ORDER BY id DESC LIMIT ${limit}`);
  return rows.map(({ id, time, source, address, status_code, reason, headers, body, body_bytes }) => ({
    ...{ id, time, source, address, statusCode: status_code, reason, body, bodyBytes: body_bytes },
    headers: JSON.parse(headers) as Record<string, string>,
  }));
}

function shownHeadersOf(headers: RejectedRequest["headers"]): Record<string, string> {
  const entries = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, [value].flat()]],
  );
  return Object.fromEntries(
    (entries as [string, string[]][])
      .slice(0, maxHeaders)
      .map(([name, values]) => [
        storable(name).slice(0, maxHeader),
        shownHeaders.has(name)
          ? storable(redactUrls(values.join(", "))).slice(0, maxHeader)
          : `${redacted} of ${values.join().length} characters`,
      ]),
  );
}

/** What it says, without values whose names are those of secrets; nothing of what cannot be read. */
function shownBody(contentType: string | undefined, body: Uint8Array): string {
  // What is sent under another type than it is of has its secrets too.
  const json = readPayload("application/json", body);
  const read = json.status === "read" ? json : readPayload(contentType, body);
  if (read.status !== "read") return storable(`(${read.message})`);
  const text = JSON.stringify(read.payload, (key, value: unknown) => {
    if (key !== "" && namesSecret(key)) return redacted;
    return typeof value === "string" ? redactUrls(value) : value;
  });
  const shown = text.replaceAll(writtenSecret, `$1${redacted}`);
  return storable(shown.length > maxBody ? `${shown.slice(0, maxBody)}…` : shown);
}

/** In text, and in JSON that is a text of JSON: `password: …`, `token=…`. */
const writtenSecret =
  /((?:pass(?:wd|word|phrase)?|secret|token|authorization|cookie|credentials?|(?:api|private)_?key)["'\\]*\s*[:=]\s*["'\\]*)[^\s"'\\,;&}[\]]+/gi;

/** PostgreSQL's text has no NUL, and no database has half a surrogate pair. */
function storable(text: string): string {
  return text.replaceAll("\0", "\ufffd").toWellFormed();
}
