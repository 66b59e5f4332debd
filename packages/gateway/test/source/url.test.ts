import { describe, expect, it } from "vitest";
import { describeTarget, parseSqlUrl, type TlsMode } from "../../src/source/url.ts";

const noTls = { mode: "off", authorityFile: undefined, certificateFile: undefined, keyFile: undefined };
const target = {
  ...{ dialect: "postgres", host: "db.example.com", port: 5432, socketPath: undefined },
  ...{ user: "espalier", password: "secret", database: "directory", options: undefined, tls: noTls },
};

describe("SQL_URI", () => {
  it("names a server, a user and a database", () => {
    expect(parseSqlUrl("postgres://espalier:secret@db.example.com/directory")).toEqual(target);
    expect(parseSqlUrl("postgresql://espalier:secret@db.example.com:5433/directory")).toEqual({
      ...target,
      port: 5433,
    });
    expect(parseSqlUrl("mysql://espalier:secret@db.example.com/directory")).toEqual({
      ...target,
      dialect: "mysql",
      port: 3306,
    });
    expect(parseSqlUrl("MariaDB://espalier@db.example.com/directory")).toEqual({
      ...{ ...target, dialect: "mariadb", port: 3306, password: undefined },
    });
  });

  it("decodes percent-encoded characters", () => {
    expect(parseSqlUrl("postgres://es%40palier:p%2Fa%3Fs%23s%25@[::1]/dir%20ectory")).toEqual({
      ...{ ...target, user: "es@palier", password: "p/a?s#s%", host: "::1", database: "dir ectory" },
    });
  });

  it("names a Unix socket", () => {
    expect(parseSqlUrl("postgres://espalier:secret@/directory?host=/run/postgresql")).toEqual({
      ...{ ...target, host: "/run/postgresql", socketPath: "/run/postgresql" },
    });
    expect(parseSqlUrl("mysql://espalier:secret@localhost/directory?socketPath=/run/mysqld/mysqld.sock")).toMatchObject(
      {
        socketPath: "/run/mysqld/mysqld.sock",
      },
    );
  });

  it("names a file", () => {
    expect(parseSqlUrl("sqlite:data/directory.db")).toEqual({ dialect: "sqlite", path: "data/directory.db" });
    expect(parseSqlUrl("sqlite:/var/lib/directory.db")).toEqual({ dialect: "sqlite", path: "/var/lib/directory.db" });
    expect(parseSqlUrl("sqlite:///var/lib/directory.db?mode=ro")).toEqual({
      dialect: "sqlite",
      path: "/var/lib/directory.db",
    });
  });

  it.each<[string, boolean | undefined, TlsMode]>([
    ["", undefined, "off"],
    ["", true, "verify-full"],
    ["?sslmode=disable", undefined, "off"],
    ["?sslmode=disable", true, "off"],
    ["?ssl-mode=DISABLED", undefined, "off"],
    ["?sslmode=prefer", undefined, "verify-full"],
    ["?sslmode=require", undefined, "verify-full"],
    ["?ssl-mode=REQUIRED", undefined, "verify-full"],
    ["?ssl-mode=VERIFY_IDENTITY", undefined, "verify-full"],
    ["?sslmode=verify-full", undefined, "verify-full"],
    ["?sslmode=verify-full", false, "off"],
    ["?sslmode=verify-ca", undefined, "verify-ca"],
    ["?sslmode=no-verify", undefined, "no-verify"],
    ["?ssl=no-verify", undefined, "no-verify"],
    ["?ssl=true", undefined, "verify-full"],
    ["?ssl=0", undefined, "off"],
    ["?sslrootcert=/ca.pem", undefined, "verify-full"],
  ])("with %s and SQL_SSL %s has TLS %s", (parameters, ssl, mode) => {
    const parsed = parseSqlUrl(`postgres://espalier@host/db${parameters}`, ssl === undefined ? {} : { ssl });
    expect(parsed).toMatchObject({ tls: { mode } });
  });

  it.each<[string, string]>([
    ["", "must begin with postgres:, postgresql:, mysql:, mariadb: or sqlite:"],
    ["db.example.com/directory", "must begin with"],
    ["mongodb://u:hunter2@host/db", "must begin with"],
    ["postgres://u:hunter2@host", "names no database"],
    ["postgres://host/db", "names no user"],
    ["postgres://u:hunter2@/db", "names no host"],
    ["postgres://u:hun/ter2@host/db", "is not an URL"],
    ["postgres://u:hunter%zz@host/db", "has a % that encodes nothing"],
    ["postgres://u:hunter2@host:port/db", "is not an URL"],
    ["postgres://u:hunter2@host/db?sslmode=verify", 'has the TLS mode "verify"'],
    ["postgres://u:hunter2@host/db?ssl_mode=verify-full", "has the parameter ssl_mode, which is not known"],
    ["sqlite::memory:", "names no file: SQLite in memory would be an empty directory"],
    ["sqlite:", "names no file"],
    ["sqlite://", "names no file"],
  ])("is refused as %s", (url, why) => {
    const refusal = expect.objectContaining({ code: "ERR_SOURCE_URL", message: expect.stringContaining(why) });
    expect(() => parseSqlUrl(url)).toThrow(refusal);
    expect(() => parseSqlUrl(url)).not.toThrow(/hun/);
  });

  it("is called by its place, without the user", () => {
    expect(describeTarget(parseSqlUrl("postgres://u:p@host/db"))).toBe("host:5432/db");
    expect(describeTarget(parseSqlUrl("postgres://u:p@[::1]/db"))).toBe("[::1]:5432/db");
    expect(describeTarget(parseSqlUrl("postgres://u:p@/db?host=/run"))).toBe("/run/db");
    expect(describeTarget(parseSqlUrl("sqlite:/a.db"))).toBe("/a.db");
  });
});
