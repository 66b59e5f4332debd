/** The tables of jobs: for `openStore`, after the event log's. */
import type { MigrationSet } from "@espalier/service";

export const jobMigrations: MigrationSet = {
  name: "manager-jobs",
  folder: new URL("../../migrations/jobs/", import.meta.url),
};
