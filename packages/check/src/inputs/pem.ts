/** PEM files: certificates and keys. */
import type { KeyObject, X509Certificate } from "node:crypto";
import type { Location, SourceFile } from "./source-file.ts";

export interface PemFile {
  readonly file: SourceFile;
  readonly certificates: readonly { readonly certificate: X509Certificate; readonly location: Location }[];
  /** Those that can be read without a passphrase. Never shown. */
  readonly keys: readonly { readonly key: KeyObject; readonly location: Location }[];
}
