/** The tables of deliveries, routes and incidents: for `openStore`, after the event log's. */
import type { MigrationSet } from "@espalier/service";

export const notifyMigrations: MigrationSet = { name: "notify", folder: new URL("../../migrations/", import.meta.url) };
