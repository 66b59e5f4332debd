/** The tables of sessions and second factors: for `openStore`, after those of the event log. */
import type { MigrationSet } from "@espalier/service";

export const sessionMigrations: MigrationSet = {
  name: "manager-sessions",
  folder: new URL("../../migrations/sessions/", import.meta.url),
};
