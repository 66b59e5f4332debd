/** PEM files: certificates and keys. RFC 7468. */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { defineFormat } from "./format.ts";
import { InputError, type Location, type SourceFile } from "./source-file.ts";

export interface PemFile {
  readonly file: SourceFile;
  readonly certificates: readonly { readonly certificate: X509Certificate; readonly location: Location }[];
  /** Those that can be read without a passphrase. Never shown. */
  readonly keys: readonly { readonly key: KeyObject; readonly location: Location }[];
}

/** Text of other kinds quotes PEM: scripts, YAML, documents. `live/ldap1/fullchain` has no extension. */
const names = /(?:^|\/)[^./]+$|\.(?:pem|crt|cer|cert|chain|key|bundle|p8)$/i;
const begin = /^-----BEGIN ([A-Z0-9 ]+)-----[ \t]*\r?$/gm;
const certificateLabels: ReadonlySet<string> = new Set(["CERTIFICATE", "X509 CERTIFICATE"]);
const keyLabels: ReadonlySet<string> = new Set(["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY"]);

export const pemFormat = defineFormat({
  kind: "pem",
  recognizes: ({ path, text }) =>
    names.test(path) &&
    /^-----BEGIN (?:(?:X509 )?CERTIFICATE|(?:(?:RSA|EC|DSA|ENCRYPTED) )?PRIVATE KEY)-----/m.test(text),
  parse: (file) => [parsePem(file)],
});

/** @throws {InputError} for a block that does not end or is damaged; its text is never quoted. */
export function parsePem(file: SourceFile): PemFile {
  const certificates: PemFile["certificates"][number][] = [];
  const keys: PemFile["keys"][number][] = [];
  for (const { label, text, location } of blocks(file)) {
    if (certificateLabels.has(label)) {
      const certificate = readOrThrow(
        () => new X509Certificate(text),
        "this certificate is damaged: copy it again",
        location,
      );
      certificates.push({ certificate, location });
    } else if (keyLabels.has(label) && !/^Proc-Type: 4,ENCRYPTED/m.test(text)) {
      const key = readOrThrow(() => createPrivateKey(text), "this private key is damaged: copy it again", location);
      keys.push({ key, location });
    }
  }
  return { file, certificates, keys };
}

function* blocks(file: SourceFile) {
  let from = 0;
  for (const { 0: line, 1: label = "", index } of file.text.matchAll(begin)) {
    if (index < from) continue;
    const closing = `-----END ${label}-----`;
    const end = file.text.indexOf(closing, index);
    if (end < 0) {
      const location = file.locate(index, index + line.length);
      throw new InputError(`${line.trim()} has no line ${closing}: copy the file again`, location);
    }
    from = end + closing.length;
    yield { label, text: file.text.slice(index, from), location: file.locate(index, from) };
  }
}

/** OpenSSL's own words are left out: they add nothing, and may be about the text of a key. */
function readOrThrow<T>(read: () => T, message: string, location: Location): T {
  try {
    return read();
  } catch {
    throw new InputError(message, location);
  }
}
