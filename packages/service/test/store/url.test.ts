import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadConfiguration, StoreError, storeSection } from "../../src/index.ts";
import { parseStoreUrl } from "../../src/store/url.ts";
import { problemsOf, variables } from "../configuration/gateway-section.ts";
import { temporaryDirectory } from "../temporary-directory.ts";

describe("store.url", () => {
  it.each([
    ["sqlite:data/espalier.db", { database: "sqlite", path: "data/espalier.db" }],
    ["sqlite:///var/lib/espalier.db", { database: "sqlite", path: "/var/lib/espalier.db" }],
    [
      "postgres://u:p@db.example.com/espalier",
      { database: "postgres", url: "postgres://u:p@db.example.com/espalier", place: "db.example.com:5432/espalier" },
    ],
    [
      "postgresql://u:p%40ss%2Fword%3A5%23%3F@[::1]:5433/espalier",
      {
        database: "postgres",
        url: "postgresql://u:p%40ss%2Fword%3A5%23%3F@[::1]:5433/espalier",
        place: "[::1]:5433/espalier",
      },
    ],
    [
      "postgres:///espalier?host=/run/postgresql",
      {
        database: "postgres",
        url: "postgres:///espalier?host=%2Frun%2Fpostgresql",
        place: "/run/postgresql:5432/espalier",
      },
    ],
  ])("%s", (url, target) => {
    expect(parseStoreUrl(url)).toEqual(target);
  });

  it.each(["prefer", "require", "verify-ca", "verify-full"])(
    "with sslmode=%s checks certificate and host name",
    (mode) => {
      expect(parseStoreUrl(`postgres://u:p@db/espalier?sslmode=${mode}`)).toMatchObject({
        url: "postgres://u:p@db/espalier?sslmode=verify-full",
      });
    },
  );

  it.each([
    ["mysql://u:p@db/espalier", "must begin with sqlite: or postgres://"],
    ["sqlite::memory:", "names no file: write sqlite:/path/to/espalier.db"],
    ["sqlite:", "names no file: write sqlite:/path/to/espalier.db"],
    ["postgres://u:hunter2@db", "names no database: write it after the host"],
    ["postgres://u:hunter/2@db:x/espalier", "is not an URL: write postgres://user:password@host:port/database"],
    ["postgres://u:hunter2@db/espalier?sslmode=maybe", 'has the sslmode "maybe"; it may be disable, prefer'],
    [
      "postgres://u:hunter2@db/espalier?sslrootcert=/nowhere/ca.pem",
      "names the file /nowhere/ca.pem, which cannot be read (ENOENT)",
    ],
  ])("%s is refused, without its password", (url, sentence) => {
    let failure: unknown;
    try {
      parseStoreUrl(url);
    } catch (error) {
      failure = error;
    }
    expect(failure).toBeInstanceOf(StoreError);
    const { message, stack, cause } = failure as StoreError;
    expect(message).toContain(sentence);
    expect(`${message}${stack}${String(cause)}`).not.toContain("hunter");
  });

  it("is a secret of the configuration, from a variable or a file, with a default", () => {
    const load = (environment: Record<string, string>) =>
      loadConfiguration({ ...variables(environment), sections: [storeSection] }).values.store;
    expect(load({}).url.reveal()).toBe("sqlite:data/espalier.db");
    const file = join(temporaryDirectory(), "url");
    writeFileSync(file, "postgres://u:p@db/espalier\n");
    const fromFile = load({ STORE_URL_FILE: file });
    expect(fromFile.url.reveal()).toBe("postgres://u:p@db/espalier");
    expect(JSON.stringify(fromFile)).not.toContain("u:p");
  });

  it("that is wrong stops the start with a sentence", () => {
    expect(
      problemsOf(() =>
        loadConfiguration({ ...variables({ STORE_URL: "redis://u:hunter2@db" }), sections: [storeSection] }),
      ),
    ).toEqual([expect.stringMatching(/store\.url.*must begin with sqlite: or postgres:\/\/$/)]);
  });
});

describe("store.retention", () => {
  it("has an age for each severity, and keeps the audit trail unless told", () => {
    const { retention } = loadConfiguration({ ...variables({}), sections: [storeSection] }).values.store;
    const dayMs = 86_400_000;
    expect(retention).toEqual({
      critical: 400 * dayMs,
      high: 400 * dayMs,
      medium: 180 * dayMs,
      low: 90 * dayMs,
      info: 30 * dayMs,
      audit: "forever",
    });
  });
});
