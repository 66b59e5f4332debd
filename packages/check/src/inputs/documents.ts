/** The kinds of documents that rules read: files of a format, and what was observed on a running system. */
import type { BackupReceipts } from "../observed/backup-receipts.ts";
import type { ObservedEndpoint } from "../observed/endpoint.ts";
import type { ObservedNode } from "../observed/node.ts";
import type { ObservedReplication } from "../observed/replication.ts";
import type { ObservedClock, ObservedHost, ObservedQueue, ObservedStorage } from "../observed/system.ts";
import type { Accounts } from "./accounts.ts";
import type { CaddyFile } from "./caddy.ts";
import type { CertificateUse } from "./certificate-use.ts";
import type { ComposeProject } from "./compose/compose-project.ts";
import type { ConfigNode } from "./config-node.ts";
import type { DockerStats } from "./docker-stats.ts";
import type { Dockerignore } from "./dockerignore.ts";
import type { DotenvFile } from "./dotenv.ts";
import type { GitWorkTree } from "./git.ts";
import type { KnownHosts } from "./known-hosts.ts";
import type { KnownHostsPins } from "./known-hosts-pins.ts";
import type { LdifFile } from "./ldif.ts";
import type { LdapSchemaFile } from "./ldif-schema.ts";
import type { NginxFile } from "./nginx.ts";
import type { PemFile } from "./pem.ts";
import type { ShellScript } from "./shell.ts";
import type { BinaryFile, SourceFile } from "./source-file.ts";
import type { SqlFile } from "./sql.ts";
import type { SshConfig } from "./ssh-config.ts";
import type { SshKeys } from "./ssh-keys.ts";
import type { StunnelFile } from "./stunnel.ts";
import type { TemplateFile } from "./template.ts";

/** A YAML or JSON file of one of the formats whose rules look at its keys. */
export interface ConfigFile {
  readonly file: SourceFile;
  readonly root: ConfigNode;
}

export interface Documents {
  /** Every file that was read. */
  readonly file: SourceFile;
  readonly compose: ComposeProject;
  readonly dotenv: DotenvFile;
  readonly pem: PemFile;
  /** What a certificate is to be used for, as the user said: beside what configurations say. */
  readonly certificateUse: CertificateUse;
  /** Espalier's own configuration. */
  readonly espalier: ConfigFile;
  readonly authelia: ConfigFile;
  /** sssd.conf, and each snippet of its conf.d by itself: `sssdDomains` puts them together. */
  readonly sssd: ConfigFile;
  readonly nslcd: ConfigFile;
  /** ldap.conf of the OpenLDAP library. */
  readonly ldapConf: ConfigFile;
  /** Proxmox' domains.cfg. */
  readonly proxmoxDomains: ConfigFile;
  readonly traefik: ConfigFile;
  readonly nginx: NginxFile;
  readonly caddy: CaddyFile;
  readonly stunnel: StunnelFile;
  readonly prometheus: ConfigFile;
  readonly prometheusRules: ConfigFile;
  readonly alertmanager: ConfigFile;
  readonly grafanaDashboard: ConfigFile;
  /** Docker's daemon.json. */
  readonly dockerDaemon: ConfigFile;
  readonly dockerStats: DockerStats;
  readonly dockerignore: Dockerignore;
  /** Every file that is not text: its permissions alone. */
  readonly binaryFile: BinaryFile;
  readonly gitWorkTree: GitWorkTree;
  /** Those of the machine on which the check runs. */
  readonly accounts: Accounts;
  readonly shell: ShellScript;
  readonly sql: SqlFile;
  readonly knownHosts: KnownHosts;
  readonly knownHostsPins: KnownHostsPins;
  readonly sshKeys: SshKeys;
  readonly sshConfig: SshConfig;
  readonly template: TemplateFile;
  readonly ldif: LdifFile;
  readonly ldapSchema: LdapSchemaFile;

  readonly endpoint: ObservedEndpoint;
  readonly node: ObservedNode;
  readonly replication: ObservedReplication;
  readonly storage: ObservedStorage;
  readonly queue: ObservedQueue;
  readonly clock: ObservedClock;
  readonly host: ObservedHost;
  readonly backupReceipts: BackupReceipts;
}

export type DocumentKind = keyof Documents;
