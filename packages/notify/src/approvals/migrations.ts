/** The tables of approvals: for `openStore`, after those of the event log and of deliveries. */
import type { MigrationSet } from "@espalier/service";

export const approvalMigrations: MigrationSet = {
  name: "approvals",
  folder: new URL("../../migrations/approvals/", import.meta.url),
};
