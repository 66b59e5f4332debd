/** The kinds of documents that rules read: files of a format, and what was observed on a running system. */
import type { BackupReceipts } from "../observed/backup-receipts.ts";
import type { ObservedEndpoint } from "../observed/endpoint.ts";
import type { ObservedNode } from "../observed/node.ts";
import type { ObservedReplication } from "../observed/replication.ts";
import type { ObservedClock, ObservedHost, ObservedQueue, ObservedStorage } from "../observed/system.ts";
import type { ComposeProject } from "./compose/compose-project.ts";
import type { ConfigNode } from "./config-node.ts";
import type { DotenvFile } from "./dotenv.ts";
import type { PemFile } from "./pem.ts";
import type { SourceFile } from "./source-file.ts";

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
  /** Espalier's own configuration. */
  readonly espalier: ConfigFile;
  readonly authelia: ConfigFile;
  readonly traefik: ConfigFile;
  readonly prometheus: ConfigFile;
  readonly prometheusRules: ConfigFile;
  readonly alertmanager: ConfigFile;
  readonly grafanaDashboard: ConfigFile;
  /** Docker's daemon.json. */
  readonly dockerDaemon: ConfigFile;

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
