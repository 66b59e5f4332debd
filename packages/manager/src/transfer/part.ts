/** Exports, imports and their jobs over HTTP. */
import { tmpdir } from "node:os";
import { parseDn, parseFilter, type SearchScope } from "@espalier/ldap";
import type { EventLog, Logger, Metrics, Store } from "@espalier/service";
import { z } from "zod";
import { ApiError } from "../api/problem.ts";
import { type ApiPart, type ApiRequest, apiPart, StreamAnswer } from "../api/route.ts";
import type { Changes } from "../changes/change-set.ts";
import type { Cluster, Clusters } from "../clusters/cluster.ts";
import type { NumberAllocator } from "../entries/number-allocator.ts";
import type { Session } from "../sessions/session.ts";
import type { CsvOptions } from "./csv-import.ts";
import { openExport } from "./export.ts";
import { runImport } from "./import-run.ts";
import type { Job } from "./job.ts";
import { jobJson } from "./job-json.ts";
import { followJob } from "./job-stream.ts";
import { Jobs } from "./jobs.ts";
import { transferMetrics } from "./metrics.ts";
import { transferRoutes } from "./routes.ts";
import { Uploads } from "./uploads.ts";

export interface TransferNeeds {
  readonly clusters: Clusters;
  readonly changes: Changes;
  readonly numbers: NumberAllocator;
  readonly store: Store;
  readonly log: Pick<EventLog, "append">;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly now?: () => number;
  /** For files on their way, which have no name there; the system's temporary folder unless said. */
  readonly spoolDirectory?: string;
}

/** `close` ends jobs between two entries, and gives up those that then do not end before its signal is aborted. */
export interface TransferPart {
  readonly part: ApiPart;
  close(signal?: AbortSignal): Promise<void>;
}

const scopes: Readonly<Record<"base" | "one" | "sub", SearchScope>> = {
  base: "baseObject",
  one: "singleLevel",
  sub: "wholeSubtree",
};

export function transferPart(needs: TransferNeeds): TransferPart {
  const { clusters, changes, numbers, store, log, logger, now = Date.now, spoolDirectory = tmpdir() } = needs;
  const jobs = new Jobs({ store, logger, now });
  const uploads = new Uploads(spoolDirectory);
  const instruments = needs.metrics.register(transferMetrics);
  needs.metrics.onCollect(() => {
    for (const state of ["queued", "running"] as const) instruments.jobs.labels({ state }).set(jobs.count(state));
  });

  async function visibleJob(id: string, session: Session): Promise<Job> {
    const job = await jobs.get(id);
    if (job === undefined || !maySee(job, session)) throw new ApiError("not_found", "There is no such job of yours.");
    return job;
  }

  const part = apiPart(transferRoutes, {
    async "GET /clusters/{cluster}/export"({ params, query, session, ...request }) {
      const cluster = clusters.get(params.cluster);
      const base = query.base ?? (await cluster.baseDn(session.identity(cluster.name)));
      parseDn(base);
      const reveals = query.reveal === "true";
      session.require(reveals ? "admin" : "read", cluster.name, base);
      const parameters = {
        base,
        scope: scopes[query.scope],
        filter: parseFilter(query.filter),
        attributes: namesIn(query.attributes),
        includesOperational: query.operational === "true",
        revealsSecrets: reveals,
      };
      const { format } = query;
      const pieces = await openExport(cluster, { session, ...request }, format, parameters, {
        log,
        spoolDirectory,
        onEnd: (_, { entries }) => instruments.exported.labels({ format }).inc(entries),
      });
      return new StreamAnswer(format === "csv" ? "text/csv" : "text/ldif", pieces, `${cluster.name}.${format}`);
    },

    async "POST /clusters/{cluster}/import"(request) {
      const { query, session, input } = request;
      const cluster = clusters.get(request.params.cluster);
      const isDryRun = query.dryRun === "true";
      checkRights(cluster, session, query.parent, isDryRun);
      jobs.checkRoom();
      const csv = input.type === "text/csv" ? csvOptions(query) : undefined;
      const format = csv === undefined ? "ldif" : "csv";
      const continues = query.continues === "true";
      const file = await uploads.take(
        `${cluster.name} ${session.name}`,
        input.stream,
        request.headers["content-length"],
      );
      const title = `Import of ${query.name ?? `${format.toUpperCase()}`}`;
      const options = { format, mode: query.mode, dryRun: isDryRun, continues } as const;
      const job = await jobs.add({
        ...{ cluster: cluster.name, person: session.name, title, options, totalBytes: file.bytes },
        release: () => file[Symbol.asyncDispose](),
        work: async ({ stop, abort, ...observer }) => {
          const { address, requestId } = request;
          const actor = { session, address, requestId, signal: abort };
          const task = { title, cluster, actor, mode: query.mode, isDryRun, continues, file, csv };
          try {
            return await runImport(task, { changes, numbers, now }, observer, stop);
          } finally {
            if (!isDryRun) count(observer.progress);
          }
        },
      });
      return jobJson(job);
    },

    async "GET /jobs"({ query, session }) {
      const isWanted = (job: Job) =>
        maySee(job, session) && (query.cluster === undefined || job.cluster === query.cluster);
      return { jobs: (await jobs.list(isWanted, query.limit)).map(jobJson) };
    },

    async "GET /jobs/{id}"({ params, session }) {
      const job = await visibleJob(params.id, session);
      return { ...jobJson(job), errors: [...(await jobs.errors(job.id))] };
    },

    async "GET /jobs/{id}/stream"({ params, session, signal, setHeader }) {
      const job = await visibleJob(params.id, session);
      setHeader("cache-control", "no-store");
      setHeader("x-accel-buffering", "no");
      return new StreamAnswer(
        "text/event-stream",
        followJob(() => jobs.get(job.id), signal),
      );
    },

    async "DELETE /jobs/{id}"({ params, session }) {
      const job = await visibleJob(params.id, session);
      await jobs.cancel(job, session.name);
      return jobJson((await jobs.get(job.id)) ?? job);
    },
  });

  function count({ applied, unchanged, failed, inDoubt }: Job["progress"]): void {
    const results = { applied, unchanged, failed, in_doubt: inDoubt };
    for (const [result, entries] of Object.entries(results)) instruments.imported.labels({ result }).inc(entries);
  }

  return { part, close: (signal) => jobs.close(signal) };
}

function maySee({ cluster, person }: Job, session: Session): boolean {
  return person === session.name || (session.clusters.includes(cluster) && session.may("admin", cluster));
}

/** What can be said before the file is read; each entry is checked again when its turn comes. */
function checkRights(cluster: Cluster, session: Session, parent: string | undefined, isDryRun: boolean): void {
  session.identity(cluster.name);
  session.require("read", cluster.name, parent);
  if (isDryRun) return;
  if (cluster.config.readonly)
    throw new ApiError("read_only", `Nothing can be changed in ${cluster.name}: it is read-only.`);
  if (parent !== undefined) session.require("write", cluster.name, parent);
}

type ImportQuery = ApiRequest<(typeof transferRoutes)["POST /clusters/{cluster}/import"]>["query"];

function csvOptions(query: ImportQuery): CsvOptions {
  if (query.parent !== undefined) parseDn(query.parent);
  return {
    mapping: mappingOf(query.mapping),
    objectClasses: namesIn(query.objectClasses ?? ""),
    parent: query.parent,
    rdn: query.rdn,
    form: query.form,
    severalValues: query.severalValues === "true",
  };
}

const mappingSchema = z.record(z.string(), z.string());

function mappingOf(text: string | undefined): Readonly<Record<string, string>> {
  if (text === undefined) return {};
  try {
    return mappingSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new ApiError("invalid_request", "The mapping must be a JSON object of attributes by column.", {
      cause: error,
    });
  }
}

function namesIn(text: string): string[] {
  return text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}
