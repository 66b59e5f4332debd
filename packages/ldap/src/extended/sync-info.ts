/** Sync Info Message: the intermediate response of content synchronization. RFC 4533 §2.5. */
import { BOOLEAN, CONTEXT, CONTEXT_CONSTRUCTED, OCTET_STRING, SET, tagText } from "../ber/tag.ts";
import { encodeBer } from "../ber/writer.ts";
import { ParseError } from "../error.ts";
import type { IntermediateResponse } from "../message/message.ts";
import { Oid } from "../oid.ts";
import { checkName, readExtendedValue } from "./extended-value.ts";

const NEW_COOKIE = CONTEXT | 0;
const REFRESH_DELETE = CONTEXT_CONSTRUCTED | 1;
const REFRESH_PRESENT = CONTEXT_CONSTRUCTED | 2;
const SYNC_ID_SET = CONTEXT_CONSTRUCTED | 3;

/**
 * `newCookie`: the copy is consistent as of this cookie. `refreshDelete` and `refreshPresent`: a phase of the refresh ends,
 * and with `refreshDone` the whole of it. `syncIdSet`: many entries at once, present or (`refreshDeletes`) deleted; their
 * UUIDs are 16 octets each.
 */
export type SyncInfo =
  | { readonly type: "newCookie"; readonly cookie: Uint8Array }
  | {
      readonly type: "refreshDelete" | "refreshPresent";
      readonly cookie: Uint8Array | undefined;
      readonly refreshDone: boolean;
    }
  | {
      readonly type: "syncIdSet";
      readonly cookie: Uint8Array | undefined;
      readonly refreshDeletes: boolean;
      readonly syncUuids: readonly Uint8Array[];
    };

/**
 * syncInfoValue ::= CHOICE { newcookie [0] syncCookie, refreshDelete [1] SEQUENCE { cookie OPTIONAL, refreshDone BOOLEAN
 * DEFAULT TRUE }, refreshPresent [2] the same, syncIdSet [3] SEQUENCE { cookie OPTIONAL, refreshDeletes BOOLEAN DEFAULT
 * FALSE, syncUUIDs SET OF syncUUID } }
 */
export function syncInfoResponse(info: SyncInfo): IntermediateResponse {
  const responseValue = encodeBer((writer) => {
    if (info.type === "newCookie") {
      writer.writeOctets(info.cookie, NEW_COOKIE);
      return;
    }
    const start = writer.begin(
      info.type === "refreshDelete" ? REFRESH_DELETE : info.type === "refreshPresent" ? REFRESH_PRESENT : SYNC_ID_SET,
    );
    if (info.cookie !== undefined) writer.writeOctets(info.cookie);
    if (info.type === "syncIdSet") {
      if (info.refreshDeletes) writer.writeBoolean(true);
      const uuids = writer.begin(SET);
      for (const uuid of info.syncUuids) writer.writeOctets(uuid);
      writer.end(uuids);
    } else if (!info.refreshDone) writer.writeBoolean(false);
    writer.end(start);
  });
  return { type: "intermediateResponse", responseName: Oid.syncInfo, responseValue };
}

/** @throws ParseError `ERR_MESSAGE`. */
export function decodeSyncInfo({ responseName, responseValue }: IntermediateResponse): SyncInfo {
  checkName(responseName, Oid.syncInfo, "Sync Info Message");
  return readExtendedValue(responseValue, "Sync Info Message", (reader) => {
    const tag = reader.peek();
    if (tag === NEW_COOKIE) return { type: "newCookie", cookie: reader.readOctets(NEW_COOKIE) };
    if (tag !== REFRESH_DELETE && tag !== REFRESH_PRESENT && tag !== SYNC_ID_SET) {
      throw new ParseError("ERR_BER_TAG", tag < 0 ? "it is empty" : `${tagText(tag)} is not one of its choices`);
    }
    const outer = reader.enter(tag);
    const cookie = reader.peek() === OCTET_STRING ? reader.readOctets() : undefined;
    let info: SyncInfo;
    if (tag === SYNC_ID_SET) {
      const refreshDeletes = reader.peek() === BOOLEAN ? reader.readBoolean() : false;
      const syncUuids: Uint8Array[] = [];
      const outerUuids = reader.enter(SET);
      while (reader.more) {
        const uuid = reader.readOctets();
        if (uuid.length !== 16) throw new ParseError("ERR_BER_VALUE", "a syncUUID has 16 octets");
        syncUuids.push(uuid);
      }
      reader.leave(outerUuids);
      info = { type: "syncIdSet", cookie, refreshDeletes, syncUuids };
    } else {
      const refreshDone = reader.peek() === BOOLEAN ? reader.readBoolean() : true;
      info = { type: tag === REFRESH_DELETE ? "refreshDelete" : "refreshPresent", cookie, refreshDone };
    }
    reader.leave(outer);
    return info;
  });
}
