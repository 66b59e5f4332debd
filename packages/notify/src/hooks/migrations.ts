/** The tables of webhooks: for `openStore`, after the event log's. */
import type { MigrationSet } from "@espalier/service";

export const hookMigrations: MigrationSet = {
  name: "hooks",
  folder: new URL("../../migrations/hooks/", import.meta.url),
};
