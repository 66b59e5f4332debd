/**
 * The search operation, RFC 4511 §4.5: exact base, scope, filter, selection and limits over the snapshot. Lookups are
 * answered before the request's turn of the event loop ends; anything that visits many entries gives the loop back.
 */
import { LdapError, ResultCode, type SearchRequest } from "@espalier/ldap";
import type { Handled, SearchOperation, Session } from "@espalier/ldap/server";
import type { Entry } from "../snapshot/entry.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import { TimeSlice } from "../time-slice.ts";
import { checkAssertion } from "./assertion.ts";
import { type Candidates, candidatesFor } from "./candidates.ts";
import type { LookupOnMiss } from "./lookup-on-miss.ts";
import { type Matcher, MatcherCache, matcherFor } from "./matcher.ts";
import { noSuchObject } from "./no-such-object.ts";
import { ResultControls } from "./result-controls.ts";
import { SearchLimits } from "./search-limits.ts";
import { type Selection, SelectionCache } from "./selection.ts";
import { visitOrder } from "./visit-order.ts";

export interface SearchOptions {
  readonly snapshot: Snapshot;
  /** Root DSE and subschema: outside the naming context, found by base object alone, readable by everybody. */
  readonly published: Snapshot;
  /** The normalized DN. @throws LdapError `invalidDnSyntax` */
  keyOf(dn: string): string;
  /** @throws LdapError for a session that may not read the directory, or while there is none to read. */
  checkAccess(session: Session): void;
  readonly misses: LookupOnMiss;
}

/** Up to this many candidates are answered at once. */
const immediateCandidates = 64;
/** Normalized base objects that are remembered: clients search under the same few over and over. */
const maxRememberedBases = 1000;
/** Characters; a stranger may send 64 KiB of them. */
const maxRememberedLength = 512;

export class Searches {
  readonly #options: SearchOptions;
  readonly #selections: SelectionCache;
  readonly #matchers: MatcherCache;
  readonly #keys = new Map<string, string>();

  constructor(options: SearchOptions) {
    this.#options = options;
    this.#selections = new SelectionCache(options.snapshot.schema);
    this.#matchers = new MatcherCache(options.snapshot.schema);
  }

  search(request: SearchRequest, operation: SearchOperation): Handled {
    const key = this.#keyOf(request.baseObject);
    const published = this.#options.published.get(key);
    if (published) return this.#searchPublished(request, operation, published);
    this.#options.checkAccess(operation.session);
    const base = this.#options.snapshot.get(key);
    if (!base) return this.#searchMissingBase(request, operation, key);
    if (request.scope === "baseObject") {
      return this.#answer(request, operation, base, only(base));
    }
    const candidates = candidatesFor(request.filter, this.#options.snapshot);
    if (candidates?.count === 0) {
      const username = this.#options.misses.usernameIn(request.filter);
      if (username !== undefined) return this.#searchMissingUser(request, operation, base, username);
    }
    return this.#answer(request, operation, base, candidates);
  }

  /** The root DSE has the base object `""`, which is no superior of anything: only a base search finds it. */
  #searchPublished(request: SearchRequest, operation: SearchOperation, entry: Entry): void {
    if (request.scope !== "baseObject" && entry.key === "") {
      throw new LdapError(ResultCode.noSuchObject, "Name a base object under one of namingContexts.");
    }
    const { schema } = this.#options.published;
    checkAssertion(operation.controls, entry, schema);
    const controls = new ResultControls(request, operation.controls, schema);
    if (controls.refusal) {
      operation.done(controls.refusal, controls.last());
      return;
    }
    const isFound =
      request.scope !== "singleLevel" && !controls.page?.isAbandoned && controls.page?.position === undefined;
    if (isFound && matcherFor({ filter: request.filter, fulfilled: undefined }, schema)(entry)) {
      const everything = entry.key === "" && request.attributes.length === 0 ? ["*", "+"] : request.attributes;
      this.#selections.get(everything, request.typesOnly).send(entry, operation);
    }
    operation.done(ResultCode.success, controls.last());
  }

  async #searchMissingBase(request: SearchRequest, operation: SearchOperation, key: string): Promise<void> {
    const { misses, snapshot } = this.#options;
    const username = misses.usernameOf(request.baseObject, key);
    if (username !== undefined) await misses.lookUp(username);
    const base = snapshot.get(key);
    if (!base) throw noSuchObject(request.baseObject, snapshot, this.#options.keyOf);
    await this.#answer(request, operation, base, request.scope === "baseObject" ? only(base) : undefined);
  }

  async #searchMissingUser(
    request: SearchRequest,
    operation: SearchOperation,
    base: Entry,
    username: string,
  ): Promise<void> {
    await this.#options.misses.lookUp(username);
    await this.#answer(request, operation, base, candidatesFor(request.filter, this.#options.snapshot));
  }

  #answer(
    request: SearchRequest,
    operation: SearchOperation,
    base: Entry,
    candidates: Candidates | undefined,
  ): Handled {
    const selection = this.#selections.get(request.attributes, request.typesOnly);
    if (operation.controls.length > 0) checkAssertion(operation.controls, base, this.#options.snapshot.schema);
    if (!candidates || candidates.count > immediateCandidates || operation.controls.length > 0) {
      return this.#scan(request, operation, base, candidates, selection);
    }
    const matches = this.#matcher(request, candidates);
    let sent = 0;
    for (const entry of candidates.entries()) {
      if (!inScope(entry, base, request) || !matches(entry)) continue;
      if (request.sizeLimit > 0 && sent >= request.sizeLimit) return operation.done(ResultCode.sizeLimitExceeded);
      selection.send(entry, operation);
      sent++;
    }
    operation.done();
  }

  #matcher({ filter }: SearchRequest, candidates: Candidates | undefined): Matcher {
    return this.#matchers.get({ filter, fulfilled: candidates?.fulfilled });
  }

  /** Any number of entries: in the order of DNs when paged, in the requested order when sorted, in slices always. */
  async #scan(
    request: SearchRequest,
    operation: SearchOperation,
    base: Entry,
    candidates: Candidates | undefined,
    selection: Selection,
  ): Promise<void> {
    const { snapshot } = this.#options;
    const controls = new ResultControls(request, operation.controls, snapshot.schema);
    const { page, refusal } = controls;
    if (refusal) return operation.done(refusal, controls.last());
    if (page?.isAbandoned) return operation.done(ResultCode.success, controls.last());
    const limits = new SearchLimits(request, page?.position?.sent ?? 0);
    const matchesFilter = this.#matcher(request, candidates);
    const matchesNow: Matcher = (entry) => inScope(entry, base, request) && matchesFilter(entry);
    // What the index said holds until the event loop is given back: then entries may have changed, or be gone.
    const matchesFilterAnew = candidates?.fulfilled ? this.#matcher(request, undefined) : matchesFilter;
    const matchesAnew: Matcher = (entry) =>
      snapshot.get(entry.key) === entry && inScope(entry, base, request) && matchesFilterAnew(entry);
    const slice = new TimeSlice();
    const isOver = () => operation.isCancelled || limits.isOverTime();
    const visit = await visitOrder({ snapshot, candidates, controls, matches: matchesNow, matchesAnew, slice, isOver });
    let matches = visit.wasPaused ? matchesAnew : matchesNow;
    let sent = 0;
    for (let i = visit.start; i < visit.entries.length; i++) {
      if ((i & 31) === 0 && slice.over) {
        await slice.next();
        matches = matchesAnew;
        if (isOver()) break;
      }
      const entry = visit.entries[i]!;
      if (!matches(entry)) continue;
      if (!limits.allows(sent)) return operation.done(ResultCode.sizeLimitExceeded, controls.last());
      if (page && sent >= page.size) return operation.done(ResultCode.success, controls.next(sent));
      if (!operation.writable) {
        await operation.drained();
        matches = matchesAnew;
        if (isOver()) break;
        if (!matches(entry)) continue;
      }
      selection.send(entry, operation);
      controls.sent(entry);
      sent++;
    }
    operation.done(limits.isOverTime() ? ResultCode.timeLimitExceeded : ResultCode.success, controls.last());
  }

  #keyOf(dn: string): string {
    let key = this.#keys.get(dn);
    if (key === undefined) {
      key = this.#options.keyOf(dn);
      if (dn.length > maxRememberedLength) return key;
      if (this.#keys.size >= maxRememberedBases) this.#keys.clear();
      this.#keys.set(dn, key);
    }
    return key;
  }
}

/** One entry, of which nothing is known yet. */
function only(entry: Entry): Candidates {
  return { count: 1, fulfilled: undefined, entries: () => [entry] };
}

function inScope(entry: Entry, base: Entry, request: SearchRequest): boolean {
  switch (request.scope) {
    case "baseObject":
      return entry === base;
    case "singleLevel":
      return entry.parent === base;
    case "wholeSubtree":
      return base.parent === undefined || entry.isWithin(base);
  }
}
