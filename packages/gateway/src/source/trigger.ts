/** SQL for PostgreSQL that tells the gateway of changes at once: what `espalier gateway sql-trigger` prints. */

/** The channel that the gateway listens on. */
export const changeChannel = "espalier_changed";

/**
 * A function, and a trigger for each table, which notify once a statement, whatever the statement changed; the server
 * delivers one notification a transaction. To be run by the owner of the tables, as often as wanted.
 *
 * @param tables as SQL has them in its catalogue: `Users`, or `schema.Users`. Each part is quoted.
 * @throws RangeError when there is no table, or a name that can be none
 */
export function sqlTrigger(tables: readonly string[]): string {
  if (tables.length === 0) throw new RangeError("Name the tables that the four queries read: sql-trigger Users Groups");
  return [
    `CREATE OR REPLACE FUNCTION ${changeChannel}() RETURNS trigger LANGUAGE plpgsql AS $espalier$`,
    "BEGIN",
    `  PERFORM pg_catalog.pg_notify('${changeChannel}', '');`,
    "  RETURN NULL;",
    "END",
    "$espalier$;",
    ...tables.flatMap((table) => [
      "",
      `DROP TRIGGER IF EXISTS ${changeChannel} ON ${quoteTable(table)};`,
      `CREATE TRIGGER ${changeChannel} AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON ${quoteTable(table)}`,
      `  FOR EACH STATEMENT EXECUTE FUNCTION ${changeChannel}();`,
    ]),
    "",
  ].join("\n");
}

function quoteTable(table: string): string {
  const parts = table.split(".");
  if (parts.length > 2 || parts.some((part) => part === "" || part.includes("\0"))) {
    throw new RangeError(`"${table}" is no table's name: write Users, or schema.Users`);
  }
  return parts.map((part) => `"${part.replaceAll('"', '""')}"`).join(".");
}
