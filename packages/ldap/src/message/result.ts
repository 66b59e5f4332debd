/** LDAPResult on the wire: the contents that every response but three shares. RFC 4511 §4.1.9, §4.1.10. */
import type { BerReader } from "../ber/reader.ts";
import { CONTEXT_CONSTRUCTED } from "../ber/tag.ts";
import type { BerWriter } from "../ber/writer.ts";
import type { LdapResult } from "./message.ts";

/** `referral [3] Referral OPTIONAL` */
const REFERRAL = CONTEXT_CONSTRUCTED | 3;

const noReferral: readonly string[] = Object.freeze([]);

/** COMPONENTS OF LDAPResult: the caller has entered the response, and reads what follows. */
export function readResult(reader: BerReader): LdapResult {
  const resultCode = reader.readEnumerated();
  const matchedDn = reader.readText();
  const diagnosticMessage = reader.readText();
  const referral = reader.peek() === REFERRAL ? readTexts(reader, REFERRAL) : noReferral;
  return { resultCode, matchedDn, diagnosticMessage, referral };
}

export function writeResult(writer: BerWriter, result: LdapResult): void {
  writer.writeEnumerated(result.resultCode);
  writer.writeText(result.matchedDn);
  writer.writeText(result.diagnosticMessage);
  if (result.referral.length > 0) writeTexts(writer, REFERRAL, result.referral);
}

/** SEQUENCE OF LDAPString under any tag: Referral, SearchResultReference. */
export function readTexts(reader: BerReader, tag: number): string[] {
  const texts: string[] = [];
  const outer = reader.enter(tag);
  while (reader.more) texts.push(reader.readText());
  reader.leave(outer);
  return texts;
}

export function writeTexts(writer: BerWriter, tag: number, texts: readonly string[]): void {
  const list = writer.begin(tag);
  for (const text of texts) writer.writeText(text);
  writer.end(list);
}
