/** The tables of the replication history: for `openStore`, after the event log's. */
import type { MigrationSet } from "@espalier/service";

export const replicationMigrations: MigrationSet = {
  name: "manager-replication",
  folder: new URL("../../migrations/replication/", import.meta.url),
};
