/** The tables that the service keeps in the store beside the events. */
import type { MigrationSet } from "@espalier/service";
import { approvalMigrations } from "./approvals/migrations.ts";
import { notifyMigrations } from "./deliveries/migrations.ts";
import { hookMigrations } from "./hooks/migrations.ts";

export const notifyStoreMigrations: readonly MigrationSet[] = [notifyMigrations, hookMigrations, approvalMigrations];
