/** Which part is made of a source, and how a part of a kind is counted. */
import { parseDatabaseUrl } from "./database-url.ts";
import type { PartKind } from "./manifest.ts";
import { filesPart, inspectFiles } from "./parts/files-part.ts";
import { inspectLdap, ldapParts } from "./parts/ldap-part.ts";
import { inspectMariadb, mariadbPart } from "./parts/mariadb-part.ts";
import type { Inspect, PartToWrite, Surroundings } from "./parts/part.ts";
import { inspectPostgres, postgresPart } from "./parts/postgres-part.ts";
import { inspectSqlite, sqlitePart } from "./parts/sqlite-part.ts";
import type { PartSource } from "./source.ts";

export const inspections: Readonly<Record<PartKind, Inspect>> = {
  files: inspectFiles,
  sqlite: inspectSqlite,
  postgres: inspectPostgres,
  mariadb: inspectMariadb,
  ldap: inspectLdap,
  "ldap-schema": inspectLdap,
};

/** @throws BackupError where what is named is not there, or a program is missing */
export async function partsOf(source: PartSource, surroundings: Surroundings): Promise<readonly PartToWrite[]> {
  switch (source.kind) {
    case "files":
      return [filesPart(source)];
    case "directory":
      return ldapParts(source, surroundings);
    case "database": {
      const address = parseDatabaseUrl(source.url.reveal());
      switch (address.dialect) {
        case "sqlite":
          return [sqlitePart(source.name, address.path, surroundings)];
        case "postgres":
          return [postgresPart(source.name, address, surroundings)];
        case "mariadb":
          return [mariadbPart(source.name, address, surroundings)];
      }
    }
  }
}
