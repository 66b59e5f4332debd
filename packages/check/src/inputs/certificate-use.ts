/** What a certificate file is used for: the key that belongs to it, and the names by which clients connect. */
import type { X509Certificate } from "node:crypto";

export interface CertificateUse {
  /** As {@link SourceFile.path}. */
  readonly certificate: string;
  readonly key?: string | undefined;
  /** Host names and addresses; empty where it is not known. */
  readonly names: readonly string[];
  /** What clients trust; undefined where it is not known. */
  readonly trusted?: readonly X509Certificate[];
}
