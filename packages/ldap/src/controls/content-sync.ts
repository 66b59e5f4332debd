/** Content synchronization: keeping a copy of a search's result, by polling or by listening. RFC 4533. */
import { BOOLEAN, OCTET_STRING, SEQUENCE } from "../ber/tag.ts";
import { encodeBer } from "../ber/writer.ts";
import { ParseError } from "../error.ts";
import type { Control } from "../message/message.ts";
import { Oid } from "../oid.ts";
import { readControlValue } from "./control-value.ts";

/** The result code of a search whose cookie the server cannot go on from: the copy is to be thrown away. §2.6. */
export const E_SYNC_REFRESH_REQUIRED = 4096;

/**
 * With a search request. `refreshOnly` ends once the copy is up to date; `refreshAndPersist` stays and reports changes until
 * it is abandoned or cancelled. `cookie` is the last one received, `undefined` for a copy that starts empty. `reloadHint`
 * true: when the cookie is of no use, send everything rather than e-syncRefreshRequired.
 */
export interface SyncRequest {
  readonly mode: "refreshOnly" | "refreshAndPersist";
  readonly cookie: Uint8Array | undefined;
  readonly reloadHint: boolean;
}

/** The index is the value on the wire. */
const syncStates = ["present", "add", "modify", "delete"] as const;

/** With each SearchResultEntry and SearchResultReference. `entryUuid` is 16 octets; `cookie` says that the copy is consistent. */
export interface SyncState {
  readonly state: (typeof syncStates)[number];
  readonly entryUuid: Uint8Array;
  readonly cookie: Uint8Array | undefined;
}

/** With SearchResultDone. `refreshDeletes`: false removes every entry that was not named present, true keeps them. §3.3. */
export interface SyncDone {
  readonly cookie: Uint8Array | undefined;
  readonly refreshDeletes: boolean;
}

/** ENUMERATED { refreshOnly (1), refreshAndPersist (3) } */
const REFRESH_ONLY = 1;
const REFRESH_AND_PERSIST = 3;

/** syncRequestValue ::= SEQUENCE { mode ENUMERATED, cookie OPTIONAL, reloadHint BOOLEAN DEFAULT FALSE } */
export function syncRequestControl({ mode, cookie, reloadHint }: SyncRequest, criticality = true): Control {
  const controlValue = encodeBer((writer) => {
    const start = writer.begin(SEQUENCE);
    writer.writeEnumerated(mode === "refreshOnly" ? REFRESH_ONLY : REFRESH_AND_PERSIST);
    if (cookie !== undefined) writer.writeOctets(cookie);
    if (reloadHint) writer.writeBoolean(true);
    writer.end(start);
  });
  return { controlType: Oid.syncRequest, criticality, controlValue };
}

/** @throws ParseError `ERR_CONTROL`. */
export function decodeSyncRequest(control: Control): SyncRequest {
  return readControlValue(control, Oid.syncRequest, (reader) => {
    const outer = reader.enter(SEQUENCE);
    const mode = reader.readEnumerated();
    if (mode !== REFRESH_ONLY && mode !== REFRESH_AND_PERSIST) {
      throw new ParseError("ERR_BER_VALUE", `${mode} is not a mode; use 1 or 3`);
    }
    const cookie = reader.peek() === OCTET_STRING ? reader.readOctets() : undefined;
    const reloadHint = reader.peek() === BOOLEAN ? reader.readBoolean() : false;
    reader.leave(outer);
    return { mode: mode === REFRESH_ONLY ? "refreshOnly" : "refreshAndPersist", cookie, reloadHint };
  });
}

/** syncStateValue ::= SEQUENCE { state ENUMERATED, entryUUID OCTET STRING (SIZE(16)), cookie OPTIONAL } */
export function syncStateControl({ state, entryUuid, cookie }: SyncState): Control {
  const controlValue = encodeBer((writer) => {
    const start = writer.begin(SEQUENCE);
    writer.writeEnumerated(syncStates.indexOf(state));
    writer.writeOctets(entryUuid);
    if (cookie !== undefined) writer.writeOctets(cookie);
    writer.end(start);
  });
  return { controlType: Oid.syncState, criticality: false, controlValue };
}

/** @throws ParseError `ERR_CONTROL`. */
export function decodeSyncState(control: Control): SyncState {
  return readControlValue(control, Oid.syncState, (reader) => {
    const outer = reader.enter(SEQUENCE);
    const number = reader.readEnumerated();
    const state = syncStates[number];
    if (state === undefined) throw new ParseError("ERR_BER_VALUE", `${number} is not a state; use 0 to 3`);
    const entryUuid = reader.readOctets();
    if (entryUuid.length !== 16) throw new ParseError("ERR_BER_VALUE", "an entryUUID has 16 octets");
    const cookie = reader.peek() === OCTET_STRING ? reader.readOctets() : undefined;
    reader.leave(outer);
    return { state, entryUuid, cookie };
  });
}

/** syncDoneValue ::= SEQUENCE { cookie OPTIONAL, refreshDeletes BOOLEAN DEFAULT FALSE } */
export function syncDoneControl({ cookie, refreshDeletes }: SyncDone): Control {
  const controlValue = encodeBer((writer) => {
    const start = writer.begin(SEQUENCE);
    if (cookie !== undefined) writer.writeOctets(cookie);
    if (refreshDeletes) writer.writeBoolean(true);
    writer.end(start);
  });
  return { controlType: Oid.syncDone, criticality: false, controlValue };
}

/** @throws ParseError `ERR_CONTROL`. */
export function decodeSyncDone(control: Control): SyncDone {
  return readControlValue(control, Oid.syncDone, (reader) => {
    const outer = reader.enter(SEQUENCE);
    const cookie = reader.peek() === OCTET_STRING ? reader.readOctets() : undefined;
    const refreshDeletes = reader.peek() === BOOLEAN ? reader.readBoolean() : false;
    reader.leave(outer);
    return { cookie, refreshDeletes };
  });
}
