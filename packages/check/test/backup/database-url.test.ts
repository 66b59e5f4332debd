import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BackupError } from "../../src/backup/backup-error.ts";
import {
  mariadbParameters,
  parseDatabaseUrl,
  postgresVariables,
  type ServerDatabase,
} from "../../src/backup/database-url.ts";

function server(url: string): ServerDatabase {
  const address = parseDatabaseUrl(url);
  if (address.dialect === "sqlite") throw new Error("a file");
  return address;
}

describe("the URL of a database", () => {
  it("becomes libpq's variables, the password among them and nowhere else", () => {
    const url =
      "postgres://ann:p%40ss%2Fword@db.example.com:6432/people?sslmode=verify-full&sslrootcert=/etc/ssl/db.pem";
    expect(postgresVariables(server(url))).toEqual({
      PGHOST: "db.example.com",
      PGPORT: "6432",
      PGDATABASE: "people",
      PGUSER: "ann",
      PGPASSWORD: "p@ss/word",
      PGSSLMODE: "verify-full",
      PGSSLROOTCERT: "/etc/ssl/db.pem",
      PGCONNECT_TIMEOUT: "10",
    });
  });

  it("names a Unix socket in its parameters", () => {
    expect(postgresVariables(server("postgres://ann@/people?host=/run/postgresql"))).toMatchObject({
      PGHOST: "/run/postgresql",
      PGUSER: "ann",
    });
    expect(mariadbParameters(server("mariadb://ann@localhost/people?socketPath=/run/mysqld/mysqld.sock"))).toEqual([
      "--no-defaults",
      "--socket=/run/mysqld/mysqld.sock",
      "--user=ann",
    ]);
  });

  it("asks MariaDB to check the certificate when it says so", () => {
    expect(mariadbParameters(server("mysql://ann:secret@db/people?ssl-mode=VERIFY_IDENTITY&ssl-ca=/ca.pem"))).toEqual([
      ...["--no-defaults", "--host=db", "--port=3306", "--protocol=tcp", "--user=ann"],
      ...["--ssl", "--ssl-verify-server-cert", "--ssl-ca=/ca.pem"],
    ]);
  });

  it.each(["ann:s3cret%@db/people", "ann:s3cret@db/peo%zzple", "a%nn:s3cret@db/people", "ann:s3cret@d%b/people"])(
    "is refused with a percent sign that means nothing: %s",
    (rest) => {
      const read = () => parseDatabaseUrl(`postgres://${rest}`);
      expect(read).toThrow(BackupError);
      expect(read).not.toThrow("s3cret");
    },
  );

  it("is read, or refused with a sentence that does not quote it", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.webUrl(),
          fc.string().map((text) => `postgres://ann:s3cret@${text}`),
        ),
        (text) => {
          try {
            parseDatabaseUrl(text);
          } catch (error) {
            expect(error).toBeInstanceOf(BackupError);
            expect((error as Error).message).not.toContain("s3cret");
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
