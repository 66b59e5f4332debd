/** What kind of request this is: where it goes, whether it may be sent twice, and what of it stays on its connection. */
import { decodePagedResults, decodeSyncRequest, Oid, OpTag } from "@espalier/ldap";
import type { ControlHeader } from "../frame/controls.ts";
import type { Frame } from "../frame/frame.ts";

/**
 * State that an operation leaves on, or needs from, the upstream connection it runs on, which is then leased:
 * `none` of it; `operation` for as long as the operation runs; `paged` until the cookie comes back empty (RFC 2696);
 * `transaction` from its start to its end (RFC 5805); `sticky` until the client binds again or is idle, for what ends without
 * saying so; `persistent` has a lane of its own until it ends.
 */
type StateKind = "none" | "operation" | "paged" | "transaction" | "sticky" | "persistent";

export interface RequestClass {
  /** Writes go to the write node. What is not known counts as one. */
  readonly route: "read" | "write";
  /** Whether it may change an entry: it is never sent twice, and without an answer its outcome is unknown. */
  readonly changes: boolean;
  /** Whether sending it to another backend after all is as good as the first time. */
  readonly isRepeatable: boolean;
  readonly state: StateKind;
  /** It belongs to the state that an earlier request left on a connection, and means nothing on another. */
  readonly continues: boolean;
  /** Whether the connection may go to somebody else afterwards as if nothing had been. */
  readonly isClean: boolean;
}

const read: RequestClass = {
  route: "read",
  changes: false,
  isRepeatable: true,
  state: "none",
  continues: false,
  isClean: true,
};
const write: RequestClass = { ...read, route: "write", changes: true, isRepeatable: false };

const firstPage: RequestClass = { ...read, state: "paged" };
const nextPage: RequestClass = { ...firstPage, isRepeatable: false, continues: true };
const sortedRead: RequestClass = { ...read, state: "operation" };
const stickyRead: RequestClass = { ...read, isRepeatable: false, state: "sticky" };
const persistentSearch: RequestClass = { ...read, isRepeatable: false, state: "persistent" };
// What is done within a transaction counts from its end on, so only that can be in doubt.
const transactionStart: RequestClass = { ...write, changes: false, state: "transaction", isClean: false };
const transactionPart: RequestClass = { ...transactionStart, continues: true };
const transactionEnd: RequestClass = { ...transactionPart, changes: true };
const unknownRead: RequestClass = { ...stickyRead, isClean: false };
const unknownWrite: RequestClass = { ...write, state: "sticky", isClean: false };

/** Extended operations of RFC 5805. */
const startTransaction = "1.3.6.1.1.21.1";
const endTransactionRequest = "1.3.6.1.1.21.3";

/** Controls that mean the same on whichever connection the request runs. */
const statelessControls: ReadonlySet<string> = new Set([
  Oid.assertion,
  Oid.preRead,
  Oid.postRead,
  Oid.manageDsaIT,
  Oid.passwordPolicy,
  Oid.subentries,
  Oid.proxiedAuthorization,
  "2.16.840.1.113730.3.4.12", // proxied authorization, its first draft
  "1.2.826.0.1.3344810.2.3", // matched values, RFC 3876
  "1.3.6.1.1.22", // don't use copy, RFC 6171
  "1.3.6.1.4.1.21008.108.63.1", // session tracking
  "1.3.6.1.4.1.4203.666.5.2", // no-op
  "1.3.6.1.4.1.4203.666.5.12", // relax rules
  "1.3.6.1.4.1.4203.666.5.16", // dereference
  "1.3.6.1.4.1.42.2.27.9.5.2", // get effective rights
  "1.3.6.1.4.1.42.2.27.9.5.8", // account usability
  "2.16.840.1.113730.3.4.17", // real attributes only
  "2.16.840.1.113730.3.4.19", // virtual attributes only
  "1.2.840.113556.1.4.417", // show deleted
  "1.2.840.113556.1.4.2064", // show recycled
  "1.2.840.113556.1.4.529", // extended DN
  "1.2.840.113556.1.4.619", // lazy commit
  "1.2.840.113556.1.4.801", // security descriptor flags
  "1.2.840.113556.1.4.805", // tree delete
  "1.2.840.113556.1.4.1338", // verify name
  "1.2.840.113556.1.4.1339", // domain scope
  "1.2.840.113556.1.4.1340", // search options
  "1.2.840.113556.1.4.1413", // permissive modify
  "1.2.840.113556.1.4.1504", // attribute scoped query
  "1.2.840.113556.1.4.2239", // policy hints
]);

const persistentSearchControl = "2.16.840.1.113730.3.4.3";
const changeNotificationControl = "1.2.840.113556.1.4.528";
const dirSyncControl = "1.2.840.113556.1.4.841";
const transactionControl = "1.3.6.1.1.21.2";

/**
 * The class of a request that is passed on to a backend. `requestName` is that of an extended request.
 *
 * @throws ParseError for a value that cannot be read of a control that decides.
 */
export function classify(
  frame: Frame,
  controls: readonly ControlHeader[],
  requestName: string | undefined,
): RequestClass {
  const plain = plainClass(frame, requestName);
  if (controls.length === 0) return plain;
  let found = plain;
  for (const control of controls) {
    const one = classOfControl(control, plain);
    if (one !== undefined && rank(one) > rank(found)) found = one;
  }
  return found;
}

function plainClass(frame: Frame, requestName: string | undefined): RequestClass {
  switch (frame.opTag) {
    case OpTag.searchRequest:
    case OpTag.compareRequest:
      return read;
    case OpTag.extendedRequest:
      if (requestName === Oid.whoAmI) return read;
      if (requestName === Oid.passwordModify) return write;
      if (requestName === startTransaction) return transactionStart;
      return requestName === endTransactionRequest ? transactionEnd : unknownWrite;
    default:
      return write;
  }
}

function classOfControl(control: ControlHeader, plain: RequestClass): RequestClass | undefined {
  const { controlType, criticality, value } = control;
  if (statelessControls.has(controlType)) return undefined;
  switch (controlType) {
    case Oid.pagedResults:
      return decodePagedResults({ controlType, criticality, controlValue: value }).cookie.length === 0
        ? firstPage
        : nextPage;
    case Oid.serverSideSortRequest:
      return sortedRead;
    case Oid.virtualListViewRequest:
    case dirSyncControl:
      return stickyRead;
    case persistentSearchControl:
    case changeNotificationControl:
      return persistentSearch;
    case Oid.syncRequest: {
      const { mode } = decodeSyncRequest({ controlType, criticality, controlValue: value });
      return mode === "refreshAndPersist" ? persistentSearch : undefined;
    }
    case transactionControl:
      return transactionPart;
    default:
      if (!criticality) return undefined;
      return plain.route === "read" ? unknownRead : unknownWrite;
  }
}

const ranks: Readonly<Record<StateKind, number>> = {
  none: 0,
  operation: 1,
  paged: 2,
  sticky: 3,
  transaction: 4,
  persistent: 5,
};

/** With several controls, the one that asks for more decides. */
function rank({ state, isClean }: RequestClass): number {
  return ranks[state] * 2 + (isClean ? 0 : 1);
}
