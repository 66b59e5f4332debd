/** The table of saved searches, for `openStore`. */
import type { MigrationSet } from "@espalier/service";

export const savedSearchMigrations: MigrationSet = {
  name: "manager-searches",
  folder: new URL("../../migrations/searches/", import.meta.url),
};
