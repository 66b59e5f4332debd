/**
 * The check of a directory server over the pool's own check connection: an optional bind, a search of the root DSE or of a
 * configured entry (RFC 4511 §4.5), and now and then what else the proxy wants to know of it.
 */
import { randomUUID } from "node:crypto";
import {
  type Control,
  type Filter,
  type PartialAttribute,
  parseContextCsn,
  parseFilter,
  parseRuv,
  type ReplicaVector,
  type RequestOp,
  ResultCode,
  resultCodeName,
  type SearchRequest,
} from "@espalier/ldap";
import { attribute } from "@espalier/ldap/client";
import type { Secret } from "@espalier/service";
import type { Clock } from "../backend/clock.ts";
import type { UpstreamAnswer } from "../upstream/upstream-connection.ts";
import { CheckFailure, type HealthCheck, type Inspection } from "./health-check.ts";

/** Sends one request to the backend and waits for its answer. `BackendConnections.check` is one. */
type AskBackend = (request: RequestOp, timeoutMs: number, controls?: readonly Control[]) => Promise<UpstreamAnswer>;

export interface LdapHealthCheckOptions {
  readonly ask: AskBackend;
  /** The entry that is read; "" is the root DSE, where any answer but busy and unavailable will do. */
  readonly base: string;
  /** In text, RFC 4515. */
  readonly filter: string;
  /** As whom a check binds first. Replication state and writability are often not shown to anonymous. */
  readonly bind?: { readonly dn: string; readonly password: Secret } | undefined;
  readonly readsReplicationState: boolean;
  readonly probesWrites: boolean;
  readonly clock: Clock;
}

/** These change rarely, and a check is made every other second. */
const rootDseEveryMs = 60_000;
const writeProbeEveryMs = 10_000;

const everything: Filter = { type: "present", attribute: "objectClass" };

/** Where 389 Directory Server keeps the replica update vector of a suffix: a tombstone with this unique id. */
const ruvFilter = "(&(nsuniqueid=ffffffff-ffffffff-ffffffff-ffffffff)(objectClass=nstombstone))";

/** How a server shows its replication state. */
type VectorSource = "contextCSN" | "nsds50ruv" | "none";

export class LdapHealthCheck implements HealthCheck {
  readonly #options: LdapHealthCheckOptions;
  readonly #filter: Filter;
  #rootDseAtMs = Number.NEGATIVE_INFINITY;
  #writeProbeAtMs = Number.NEGATIVE_INFINITY;
  /** The naming context whose replication is looked at. */
  #suffix: string | undefined;
  #vectorSource: VectorSource | undefined;

  /** @throws {ParseError} `ERR_FILTER` */
  constructor(options: LdapHealthCheckOptions) {
    this.#options = options;
    this.#filter = parseFilter(options.filter);
  }

  async probe(timeoutMs: number): Promise<void> {
    const { base, clock } = this.#options;
    const startedMs = clock.now();
    await this.#bind(timeoutMs);
    const search = searchOf(base, "baseObject", this.#filter, ["1.1"]);
    const { before, result } = await this.#ask(search, timeoutMs - (clock.now() - startedMs));
    const { resultCode, diagnosticMessage } = result;
    if (base === "") {
      // A server that shows its root DSE to nobody unbound is alive all the same.
      if (resultCode !== ResultCode.busy && resultCode !== ResultCode.unavailable) return;
    } else if (resultCode === ResultCode.success) {
      if (before.some(({ type }) => type === "searchResultEntry")) return;
      throw new CheckFailure("answer", `the search of ${base} found nothing`);
    }
    throw new CheckFailure(
      "answer",
      answered(`the search of ${base || "the root DSE"}`, resultCode, diagnosticMessage),
    );
  }

  async inspect(timeoutMs: number): Promise<Inspection> {
    const rootDse = await this.#readRootDse(timeoutMs);
    const vector = this.#options.readsReplicationState ? await this.#readVector(timeoutMs) : undefined;
    const isWritable = await this.#probeWriteNowAndThen(timeoutMs);
    return { rootDse, vector, isWritable };
  }

  /**
   * A Modify (RFC 4511 §4.6) of an entry that does not exist: who would have made the change says noSuchObject, a replica
   * refers elsewhere, and a server that is read-only is unwilling. Nothing is changed whatever the answer.
   */
  async probeWrite(timeoutMs: number): Promise<boolean | undefined> {
    const suffix = this.#suffix;
    if (suffix === undefined) return undefined;
    const request: RequestOp = {
      type: "modifyRequest",
      object: `cn=write-probe-${randomUUID()},${suffix}`,
      changes: [{ operation: "replace", modification: attribute("description", "whether this server takes writes") }],
    };
    try {
      const { resultCode } = (await this.#options.ask(request, timeoutMs)).result;
      return writabilityBy.get(resultCode);
    } catch {
      return undefined;
    }
  }

  async #bind(timeoutMs: number): Promise<void> {
    const { bind } = this.#options;
    if (bind === undefined) return;
    const password = new TextEncoder().encode(bind.password.reveal());
    const { result } = await this.#ask(
      { type: "bindRequest", version: 3, name: bind.dn, authentication: { type: "simple", password } },
      timeoutMs,
    );
    if (result.resultCode === ResultCode.success) return;
    throw new CheckFailure("answer", answered(`the bind as ${bind.dn}`, result.resultCode, result.diagnosticMessage));
  }

  async #readRootDse(timeoutMs: number): Promise<readonly PartialAttribute[] | undefined> {
    if (this.#options.clock.now() - this.#rootDseAtMs < rootDseEveryMs) return undefined;
    const rootDse = await this.#read(searchOf("", "baseObject", everything, ["*", "+"]), timeoutMs);
    if (rootDse === undefined) return undefined;
    this.#rootDseAtMs = this.#options.clock.now();
    const suffix = firstText(rootDse, "defaultNamingContext") ?? firstText(rootDse, "namingContexts");
    if (suffix !== this.#suffix || this.#vectorSource === "none") this.#vectorSource = undefined;
    this.#suffix = suffix;
    return rootDse;
  }

  async #readVector(timeoutMs: number): Promise<ReplicaVector | undefined> {
    const suffix = this.#suffix;
    if (suffix === undefined || this.#vectorSource === "none") return undefined;
    if (this.#vectorSource !== "nsds50ruv") {
      const search = searchOf(suffix, "baseObject", everything, ["contextCSN"]);
      const entry = await this.#read(search, timeoutMs);
      const vector = parseContextCsn(texts(entry, "contextCSN"));
      if (vector.size > 0) return this.#found("contextCSN", vector);
      // No answer is not the answer that there is none.
      if (entry === undefined || this.#vectorSource === "contextCSN") return undefined;
    }
    const search = searchOf(suffix, "wholeSubtree", parseFilter(ruvFilter), ["nsds50ruv"]);
    const vector = parseRuv(texts(await this.#read(search, timeoutMs), "nsds50ruv"));
    if (vector.size > 0) return this.#found("nsds50ruv", vector);
    this.#vectorSource ??= "none";
    return undefined;
  }

  #found(source: VectorSource, vector: ReplicaVector): ReplicaVector {
    this.#vectorSource = source;
    return vector;
  }

  async #probeWriteNowAndThen(timeoutMs: number): Promise<boolean | undefined> {
    const { probesWrites, clock } = this.#options;
    if (!probesWrites || clock.now() - this.#writeProbeAtMs < writeProbeEveryMs) return undefined;
    const isWritable = await this.probeWrite(timeoutMs);
    if (isWritable !== undefined) this.#writeProbeAtMs = clock.now();
    return isWritable;
  }

  /** The attributes of the one entry that a search finds; `undefined` where it finds none or is not answered. */
  async #read(search: SearchRequest, timeoutMs: number): Promise<readonly PartialAttribute[] | undefined> {
    try {
      const { before } = await this.#options.ask(search, timeoutMs);
      return before.find((op) => op.type === "searchResultEntry")?.attributes;
    } catch {
      return undefined;
    }
  }

  async #ask(request: RequestOp, timeoutMs: number): Promise<UpstreamAnswer> {
    try {
      return await this.#options.ask(request, timeoutMs);
    } catch (error) {
      throw new CheckFailure("connection", error instanceof Error ? error.message : String(error), { cause: error });
    }
  }
}

/** What a server says to a change of an entry that it does not have. Other answers, such as insufficientAccessRights, say nothing. */
const writabilityBy: ReadonlyMap<number, boolean> = new Map([
  [ResultCode.noSuchObject, true],
  [ResultCode.referral, false],
  [ResultCode.unwillingToPerform, false],
  [ResultCode.busy, false],
  [ResultCode.unavailable, false],
]);

function searchOf(
  baseObject: string,
  scope: SearchRequest["scope"],
  filter: Filter,
  attributes: readonly string[],
): SearchRequest {
  return {
    type: "searchRequest",
    ...{ baseObject, scope, filter, attributes },
    derefAliases: "neverDerefAliases",
    sizeLimit: 0,
    timeLimit: 0,
    typesOnly: false,
  };
}

function answered(what: string, resultCode: number, diagnosticMessage: string): string {
  return `${what} was answered with ${resultCodeName(resultCode)}${diagnosticMessage ? `: ${diagnosticMessage}` : ""}`;
}

function texts(attributes: readonly PartialAttribute[] | undefined, type: string): string[] {
  const wanted = type.toLowerCase();
  const values = attributes?.find((each) => each.type.toLowerCase() === wanted)?.values ?? [];
  return values.map((value) => new TextDecoder().decode(value));
}

function firstText(attributes: readonly PartialAttribute[], type: string): string | undefined {
  return texts(attributes, type)[0];
}
