/** The tables that the manager keeps in the store beside the events. */
import type { MigrationSet } from "@espalier/service";
import { changeMigrations } from "./changes/migrations.ts";
import { numberMigrations } from "./entries/number-allocator.ts";
import { savedSearchMigrations } from "./reading/migrations.ts";
import { replicationMigrations } from "./replication/migrations.ts";
import { sessionMigrations } from "./sessions/migrations.ts";
import { jobMigrations } from "./transfer/migrations.ts";

export const managerStoreMigrations: readonly MigrationSet[] = [
  sessionMigrations,
  changeMigrations,
  numberMigrations,
  savedSearchMigrations,
  jobMigrations,
  replicationMigrations,
];
