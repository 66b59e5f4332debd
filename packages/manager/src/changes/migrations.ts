/** The tables of change sets: for `openStore`, after the event log's. */
import type { MigrationSet } from "@espalier/service";

export const changeMigrations: MigrationSet = {
  name: "manager-changes",
  folder: new URL("../../migrations/changes/", import.meta.url),
};
