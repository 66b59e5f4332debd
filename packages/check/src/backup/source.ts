/** What a backup is made of, as the command reads it out of the configuration. */
import type { ClusterConfig, Secret } from "@espalier/service";

export interface FilesSource {
  readonly kind: "files";
  /** `configuration`, `secrets`, `files`. */
  readonly name: string;
  /** Files and folders. */
  readonly paths: readonly string[];
}

export interface DatabaseSource {
  readonly kind: "database";
  /** `store`, `sql:gateway`. */
  readonly name: string;
  /** `sqlite:`, `postgres://`, `mysql://` or `mariadb://`. */
  readonly url: Secret;
}

export interface DirectorySource {
  readonly kind: "directory";
  /** `ldap:` and the name of the cluster. */
  readonly name: string;
  readonly cluster: ClusterConfig;
  /** Who reads it; the cluster's own account unless set. */
  readonly login?: { readonly dn: string; readonly password: Secret } | undefined;
  /** Its slapd.d or slapd.conf on this machine. */
  readonly slapcat?: string | undefined;
}

export type PartSource = FilesSource | DatabaseSource | DirectorySource;
