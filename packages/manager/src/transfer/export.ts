/** An export: a search whose entries are sent as they come, in an order in which they can be imported again. */
import { formatFilter } from "@espalier/ldap";
import type { EventLog } from "@espalier/service";
import { asApiError } from "../api/problem-of-error.ts";
import type { Cluster } from "../clusters/cluster.ts";
import type { Actor } from "../sessions/session.ts";
import { csvColumns, csvExport } from "./csv-export.ts";
import {
  type ExportCounts,
  type ExportParameters,
  exportedEntries,
  exportedTypes,
  givesParentOf,
} from "./export-search.ts";
import { ldifExport } from "./ldif-export.ts";
import { parentsFirst } from "./parents-first.ts";

export interface ExportNeeds {
  readonly log: Pick<EventLog, "append">;
  readonly spoolDirectory: string;
  readonly onEnd: (format: "ldif" | "csv", counts: ExportCounts) => void;
}

/** What may wait on disk because it came before the entry above it. */
const maxHeldBytes = 1024 * 1024 * 1024;
/** Entries are sent in pieces of about this many characters. */
const pieceLength = 32_768;

/**
 * Resolves when the first entries are there: what the directory refuses at once is an error, and not a stream that breaks.
 *
 * @throws ApiError
 */
export async function openExport(
  cluster: Cluster,
  actor: Actor,
  format: "ldif" | "csv",
  parameters: ExportParameters,
  needs: ExportNeeds,
): Promise<AsyncIterable<string>> {
  const pieces = inPieces(exportPieces(cluster, actor, format, parameters, needs));
  const first = await pieces.next().catch((error: unknown) => {
    throw asApiError(error);
  });
  actor.signal.addEventListener("abort", () => void pieces.return(), { once: true });
  return (async function* () {
    try {
      if (!first.done) yield first.value;
      yield* pieces;
    } finally {
      await pieces.return();
    }
  })();
}

async function* exportPieces(
  cluster: Cluster,
  actor: Actor,
  format: "ldif" | "csv",
  parameters: ExportParameters,
  { log, spoolDirectory, onEnd }: ExportNeeds,
): AsyncGenerator<string, void, undefined> {
  const { session, signal } = actor;
  const identity = session.identity(cluster.name);
  const schema = await cluster.schema(identity);
  const { connection, release } = await cluster.pin(identity, { signal });
  const counts: ExportCounts = { entries: 0, withheld: 0, references: 0 };
  let state: "refused" | "begun" | "whole" = "refused";
  const note = (type: string, more: Readonly<Record<string, unknown>>) =>
    log.append({
      type,
      severity: parameters.revealsSecrets ? "medium" : "info",
      subject: parameters.base === "" ? cluster.name : parameters.base,
      source: "manager",
      actor: session.name,
      audit: true,
      data: { ...aboutExport(cluster, actor, format, parameters), node: connection.node, ...more },
    });
  try {
    const columns =
      format === "csv"
        ? csvColumns(await exportedTypes(connection, parameters, signal), parameters.attributes, schema)
        : [];
    const found = exportedEntries(connection, parameters, counts, signal);
    const entries =
      parameters.scope === "wholeSubtree"
        ? parentsFirst(found, {
            base: parameters.base,
            schema,
            givesParentOf: (dn) => givesParentOf(connection, parameters, dn, signal),
            spoolDirectory,
            maxHeldBytes,
          })
        : found;
    const pieces = format === "csv" ? csvExport(entries, columns, counts) : ldifExport(entries, counts);
    for await (const piece of pieces) {
      // Nothing is sent that the audit trail does not know of.
      if (state === "refused") await note("export.begun", {});
      state = "begun";
      yield piece;
    }
    state = "whole";
  } finally {
    release();
    if (state !== "refused") {
      onEnd(format, counts);
      await note("export.made", { ...counts, whole: state === "whole" });
    }
  }
}

function aboutExport(
  cluster: Cluster,
  { address, requestId }: Actor,
  format: string,
  { scope, filter, attributes, includesOperational, revealsSecrets }: ExportParameters,
): Readonly<Record<string, unknown>> {
  return {
    cluster: cluster.name,
    address,
    requestId,
    format,
    scope,
    filter: formatFilter(filter),
    attributes,
    operational: includesOperational,
    revealed: revealsSecrets,
  };
}

async function* inPieces(texts: AsyncGenerator<string, void, undefined>): AsyncGenerator<string, void, undefined> {
  let piece = "";
  for await (const text of texts) {
    piece += text;
    if (piece.length < pieceLength) continue;
    yield piece;
    piece = "";
  }
  if (piece !== "") yield piece;
}
