/** What answers the routes of changes. */
import { normalizeDn, ParseError, type Schema } from "@espalier/ldap";
import { ApiError, type Problem } from "../api/problem.ts";
import { type ApiPart, type ApiRequest, apiPart } from "../api/route.ts";
import type { Cluster, Clusters } from "../clusters/cluster.ts";
import type { Actor, Session } from "../sessions/session.ts";
import { AttributeMatching } from "./attribute-matching.ts";
import { changeOfRecord, changesOfLdif } from "./change-records.ts";
import type { ApplyResult, EntryResult, ModifyEntry } from "./change-set.ts";
import type { ChangeSetRow, ChangeStepRow } from "./change-store.ts";
import type { DirectoryChanges } from "./directory-changes.ts";
import { formChanges } from "./form-changes.ts";
import { maskedLdif } from "./masked-ldif.ts";
import { changeRoutes } from "./routes.ts";
import { mergedChanges, type ThreeWay } from "./three-way.ts";

export interface ChangePartNeeds {
  readonly clusters: Clusters;
  readonly changes: DirectoryChanges;
}

/** Each time somebody else may have been first again. */
const maxMerges = 5;

export function changePart({ clusters, changes }: ChangePartNeeds): ApiPart {
  return apiPart(changeRoutes, {
    "PATCH /clusters/{cluster}/entry": async ({ params, body, ...request }) => {
      const cluster = clusters.get(params.cluster);
      const actor = actorOf(request);
      const { dn, version, read, wanted, merge, preview } = body;
      actor.session.require("write", cluster.name, dn);
      const schema = await cluster.schema(actor.session.identity(cluster.name));
      const found = formChanges(read, wanted, schema);
      if (found.length === 0) return { status: "unchanged" };
      const change: ModifyEntry = { type: "modify", dn, changes: found, version, read };
      if (preview) {
        return {
          status: "previewed",
          ...mutable(await changes.preview(cluster, actor, { title: "", changes: [change] })),
        };
      }
      return saveForm(cluster, actor, change, merge, schema);
    },

    "POST /clusters/{cluster}/changes": async ({ params, body, ...request }) => {
      const cluster = clusters.get(params.cluster);
      const actor = actorOf(request);
      actor.session.require("read", cluster.name);
      const list = body.changes?.map(changeOfRecord) ?? changesOfLdif(body.ldif ?? "");
      const set = { title: body.title ?? (body.ldif === undefined ? "Changes" : "LDIF"), changes: list };
      if (body.preview) return mutable(await changes.preview(cluster, actor, set));
      return answerOf(await changes.apply(cluster, actor, set, { continues: body.continues }));
    },

    "GET /clusters/{cluster}/changes": async ({ params, query, session }) => {
      const cluster = clusters.get(params.cluster);
      const { dn, limit, cursor } = query;
      const actor = query.actor === "me" ? session.name : query.actor;
      const isAuditor = session.may("audit", cluster.name);
      if (dn !== undefined) session.require("read", cluster.name, dn);
      else if (actor === session.name) session.require("read", cluster.name);
      else session.require("audit", cluster.name);
      const dnKey = dn === undefined ? undefined : keyOf(dn, await cluster.schema(session.identity(cluster.name)));
      const rows = await changes.store.history({
        cluster: cluster.name,
        dnKey,
        actor,
        before: cursor,
        limit: limit + 1,
      });
      const shown = rows.slice(0, limit);
      const last = shown.at(-1);
      return {
        changes: shown.map((row) => setJson(row, isAuditor || row.actor === session.name)),
        ...(rows.length > limit && last !== undefined ? { cursor: last.id } : {}),
      };
    },

    "GET /changes/{id}": async ({ params, query, session }) => {
      const set = await setOf(params.id, session);
      const isOpen = set.actor === session.name || session.may("audit", set.cluster);
      const after = query.cursor === undefined ? 0 : Number.parseInt(query.cursor, 10) || 0;
      const rows = await changes.store.steps(set.id, after, query.limit + 1);
      const page = rows.slice(0, query.limit);
      const visible = page.filter(({ dn }) => isOpen || session.may("read", set.cluster, dn));
      if (visible.length === 0 && !isOpen && after === 0) throw noSuchSet();
      const steps = await Promise.all(
        visible.map(async (row) => {
          const audit = isOpen && row.event_id !== null ? await changes.auditOf(row.event_id) : undefined;
          return stepJson(row, audit);
        }),
      );
      const last = page.at(-1);
      return {
        ...{ changeSet: setJson(set, isOpen), steps },
        ...(rows.length > query.limit && last !== undefined ? { cursor: String(last.number) } : {}),
      };
    },

    "POST /changes/{id}/undo": async ({ params, body, ...request }) => {
      const actor = actorOf(request);
      const set = await setOf(params.id, actor.session);
      const cluster = clusters.get(set.cluster);
      // What it was before is shown, and the directory may hide that from others than who changed it.
      if (set.actor !== actor.session.name) actor.session.require("admin", set.cluster);
      if (body.preview) return mutable(await changes.previewUndo(cluster, actor, set));
      const result = await changes.undo(cluster, actor, set);
      return { ...answerOf(result), warnings: [...result.warnings] };
    },
  });

  async function saveForm(cluster: Cluster, actor: Actor, change: ModifyEntry, merge: boolean, schema: Schema) {
    const matching = new AttributeMatching(schema);
    const title = `Change ${change.dn}`;
    let next = change;
    for (let merges = 0; ; merges += 1) {
      const { id, node, results } = await changes.apply(cluster, actor, { title, changes: [next] });
      const [result] = results as [EntryResult];
      if (result.status === "applied") {
        return {
          ...{ status: "applied" as const, changeSet: id, ldif: maskedLdif([next]) },
          ...(merges > 0 ? { merged: true } : {}),
          ...(node === undefined ? {} : { node }),
          ...(result.version === undefined ? {} : { version: result.version }),
          ...(result.unrecorded === undefined ? {} : { unrecorded: result.unrecorded }),
        };
      }
      const conflict = result.status === "conflict" ? (result.problem?.details as unknown as Conflict) : undefined;
      if (!merge || conflict?.mergeable !== true || merges === maxMerges) throw problemOf(result);
      const left = mergedChanges(next.changes, conflict, matching);
      if (left.length === 0) return { status: "unchanged" as const, merged: true };
      next = { ...next, changes: left, version: conflict.version };
    }
  }

  /** @throws ApiError `not_found` also for a set of a cluster that the session is not connected to */
  async function setOf(id: string, session: Session): Promise<ChangeSetRow> {
    const set = await changes.store.get(id);
    if (set === undefined || !session.clusters.includes(set.cluster)) throw noSuchSet();
    return set;
  }
}

type Conflict = ThreeWay & { readonly version?: string };

function actorOf({
  session,
  address,
  requestId,
  signal,
}: Pick<ApiRequest, "address" | "requestId" | "signal"> & { readonly session: Session }): Actor {
  return { session, address, requestId, signal };
}

/** @throws ApiError where nothing was applied */
function answerOf(result: ApplyResult) {
  const { id, node, results, counts } = result;
  const problem = results.find((each) => each.problem !== undefined)?.problem;
  if (counts.applied === 0 && problem !== undefined) throw apiErrorOf(problem);
  return {
    ...{ id, counts: { ...counts } },
    ...(node === undefined ? {} : { node }),
    results: results.map(({ problem: why, version, generatedPassword, unrecorded, ...rest }) => ({
      ...rest,
      ...(why === undefined ? {} : { problem: why }),
      ...(version === undefined ? {} : { version }),
      ...(generatedPassword === undefined ? {} : { generatedPassword }),
      ...(unrecorded === undefined ? {} : { unrecorded }),
    })),
  };
}

function problemOf({ problem, status }: EntryResult): ApiError {
  if (problem === undefined) return new ApiError("unavailable", `The change was ${status.replace("_", " ")}.`);
  return apiErrorOf(problem);
}

function apiErrorOf({ code, title, errors, ldap, retryAfter, details }: Problem): ApiError {
  return new ApiError(code, title, {
    ...(errors === undefined ? {} : { errors }),
    ...(ldap === undefined ? {} : { ldap }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
    ...(details === undefined ? {} : { details }),
  });
}

function keyOf(dn: string, schema: Schema): string {
  try {
    return normalizeDn(dn, schema);
  } catch (error) {
    if (error instanceof ParseError) throw new ApiError("invalid_request", `dn: ${error.message}`, { cause: error });
    throw error;
  }
}

function noSuchSet(): ApiError {
  return new ApiError("not_found", "There is no such change set: it may have been too long ago.");
}

function mutable({ ldif, warnings }: { readonly ldif: string; readonly warnings: readonly string[] }) {
  return { ldif, warnings: [...warnings] };
}

function setJson(row: ChangeSetRow, isOpen: boolean) {
  const { id, cluster, title, actor, applied, conflict, failed, in_doubt, not_tried } = row;
  return {
    ...{ id, cluster, title, actor, counts: { applied, conflict, failed, in_doubt, not_tried } },
    ...{ time: new Date(row.created_at).toISOString(), isOver: row.ended_at !== null },
    ...(isOpen ? { address: row.address } : {}),
    ...(row.undo_of === null ? {} : { undoOf: row.undo_of }),
    ...(row.undone_by === null ? {} : { undoneBy: row.undone_by }),
  };
}

function stepJson(row: ChangeStepRow, audit: Readonly<Record<string, unknown>> | undefined) {
  const { number, type, dn, new_dn: newDn, status, node, settled_at: settledAt } = row;
  return {
    ...{ number, type, dn, status },
    ...(newDn === null ? {} : { newDn }),
    ...(settledAt === null ? {} : { time: new Date(settledAt).toISOString() }),
    ...(node === null ? {} : { node }),
    ...(audit === undefined ? {} : { audit: { ...audit } }),
  };
}
