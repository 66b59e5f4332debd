/** LDAPMessage to bytes. RFC 4511 §4, in the restricted BER of §5.1. */
import { CONTEXT, CONTEXT_CONSTRUCTED, SEQUENCE } from "../ber/tag.ts";
import { type BerWriter, encodeBer } from "../ber/writer.ts";
import { writeAttributeList, writePartialAttribute } from "./attribute.ts";
import { noControls, writeControls } from "./control.ts";
import { changeOperations, derefAliasesValues, searchScopes } from "./enumeration.ts";
import { writeFilter } from "./filter-codec.ts";
import type {
  AbandonRequest,
  Authentication,
  Control,
  DelRequest,
  LdapMessage,
  ModifyRequest,
  ProtocolOp,
  SearchRequest,
  UnbindRequest,
} from "./message.ts";
import { OpTag } from "./op-tag.ts";
import { writeResult, writeTexts } from "./result.ts";

/**
 * The message as bytes of its own. Text is written as UTF-8, an unpaired surrogate as U+FFFD.
 *
 * @throws RangeError for a number that is not an integer from 0 to 2^31-1.
 */
export function encodeMessage(message: LdapMessage): Uint8Array {
  return encodeBer((writer) => writeMessage(writer, message));
}

/** The protocolOp alone, without the envelope: what `writeEncodedMessage` takes. */
export function encodeProtocolOp(op: ProtocolOp): Uint8Array {
  return encodeBer((writer) => writeProtocolOp(writer, op));
}

/** As `encodeMessage`, into a writer that may hold messages already. */
export function writeMessage(writer: BerWriter, message: LdapMessage): void {
  const start = writer.begin(SEQUENCE);
  writer.writeInteger(message.messageId);
  writeProtocolOp(writer, message.protocolOp);
  writeControls(writer, message.controls);
  writer.end(start);
}

/** Writes an envelope around a protocolOp that is encoded already: `op[start, end)`. */
export function writeEncodedMessage(
  writer: BerWriter,
  messageId: number,
  op: Uint8Array,
  start = 0,
  end: number = op.length,
  controls: readonly Control[] = noControls,
): void {
  if (controls.length > 0) {
    const envelope = writer.begin(SEQUENCE);
    writer.writeInteger(messageId);
    writer.writeEncoded(op, start, end);
    writeControls(writer, controls);
    writer.end(envelope);
    return;
  }
  // The length is known: nothing has to move to make room for it.
  const idOctets = messageId < 0x80 ? 1 : messageId < 0x8000 ? 2 : messageId < 0x800000 ? 3 : 4;
  writer.writeHeader(SEQUENCE, 2 + idOctets + (end - start));
  writer.writeInteger(messageId);
  writer.writeEncoded(op, start, end);
}

export function writeProtocolOp(writer: BerWriter, op: ProtocolOp): void {
  switch (op.type) {
    case "unbindRequest":
      writer.writeNull(OpTag.unbindRequest);
      break;
    case "delRequest":
      writer.writeText(op.entry, OpTag.delRequest);
      break;
    case "abandonRequest":
      writer.writeInteger(op.messageId, OpTag.abandonRequest);
      break;
    default: {
      const start = writer.begin(OpTag[op.type]);
      writeComponents(writer, op);
      writer.end(start);
    }
  }
}

type ConstructedOp = Exclude<ProtocolOp, UnbindRequest | DelRequest | AbandonRequest>;

function writeComponents(writer: BerWriter, op: ConstructedOp): void {
  switch (op.type) {
    case "searchResultEntry":
      writer.writeText(op.objectName);
      writeAttributeList(writer, op.attributes);
      break;
    case "searchResultReference":
      for (const uri of op.uris) writer.writeText(uri);
      break;
    case "searchResultDone":
    case "modifyResponse":
    case "addResponse":
    case "delResponse":
    case "modifyDnResponse":
    case "compareResponse":
      writeResult(writer, op);
      break;
    case "bindResponse":
      writeResult(writer, op);
      if (op.serverSaslCreds !== undefined) writer.writeOctets(op.serverSaslCreds, CONTEXT | 7);
      break;
    case "extendedResponse":
      writeResult(writer, op);
      if (op.responseName !== undefined) writer.writeText(op.responseName, CONTEXT | 10);
      if (op.responseValue !== undefined) writer.writeOctets(op.responseValue, CONTEXT | 11);
      break;
    case "intermediateResponse":
      if (op.responseName !== undefined) writer.writeText(op.responseName, CONTEXT | 0);
      if (op.responseValue !== undefined) writer.writeOctets(op.responseValue, CONTEXT | 1);
      break;
    case "bindRequest":
      writer.writeInteger(op.version);
      writer.writeText(op.name);
      writeAuthentication(writer, op.authentication);
      break;
    case "searchRequest":
      writeSearchRequest(writer, op);
      break;
    case "modifyRequest":
      writeModifyRequest(writer, op);
      break;
    case "addRequest":
      writer.writeText(op.entry);
      writeAttributeList(writer, op.attributes);
      break;
    case "modifyDnRequest":
      writer.writeText(op.entry);
      writer.writeText(op.newRdn);
      writer.writeBoolean(op.deleteOldRdn);
      if (op.newSuperior !== undefined) writer.writeText(op.newSuperior, CONTEXT | 0);
      break;
    case "compareRequest": {
      writer.writeText(op.entry);
      const ava = writer.begin(SEQUENCE);
      writer.writeText(op.attribute);
      writer.writeOctets(op.value);
      writer.end(ava);
      break;
    }
    case "extendedRequest":
      writer.writeText(op.requestName, CONTEXT | 0);
      if (op.requestValue !== undefined) writer.writeOctets(op.requestValue, CONTEXT | 1);
      break;
  }
}

function writeAuthentication(writer: BerWriter, authentication: Authentication): void {
  if (authentication.type === "simple") {
    writer.writeOctets(authentication.password, CONTEXT | 0);
    return;
  }
  const start = writer.begin(CONTEXT_CONSTRUCTED | 3);
  writer.writeText(authentication.mechanism);
  if (authentication.credentials !== undefined) writer.writeOctets(authentication.credentials);
  writer.end(start);
}

function writeSearchRequest(writer: BerWriter, op: SearchRequest): void {
  writer.writeText(op.baseObject);
  writer.writeEnumerated(searchScopes.indexOf(op.scope));
  writer.writeEnumerated(derefAliasesValues.indexOf(op.derefAliases));
  writer.writeInteger(op.sizeLimit);
  writer.writeInteger(op.timeLimit);
  writer.writeBoolean(op.typesOnly);
  writeFilter(writer, op.filter);
  writeTexts(writer, SEQUENCE, op.attributes);
}

function writeModifyRequest(writer: BerWriter, op: ModifyRequest): void {
  writer.writeText(op.object);
  const changes = writer.begin(SEQUENCE);
  for (const { operation, modification } of op.changes) {
    const change = writer.begin(SEQUENCE);
    writer.writeEnumerated(changeOperations.indexOf(operation));
    writePartialAttribute(writer, modification);
    writer.end(change);
  }
  writer.end(changes);
}
