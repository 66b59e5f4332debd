/**
 * `store.url`: the file or the database that holds the store.
 *
 *     sqlite:data/espalier.db
 *     postgres://user:password@host:5432/database?sslmode=verify-full&sslrootcert=/etc/ssl/db-ca.pem
 *     postgres://user@/database?host=/run/postgresql
 *
 * Every `sslmode` that asks for TLS also checks the certificate and the host name, but for `no-verify`; without one there
 * is no TLS.
 */
import pg from "pg";
import { StoreError } from "./error.ts";

export type StoreTarget =
  | { readonly database: "sqlite"; readonly path: string }
  /** `place` is for messages: host, port and database. */
  | { readonly database: "postgres"; readonly url: string; readonly place: string };

const tlsModes = new Set(["disable", "prefer", "require", "verify-ca", "verify-full", "no-verify"]);

/** @throws StoreError `ERR_STORE_URL` with a sentence that says what to write instead, and never the password */
export function parseStoreUrl(text: string): StoreTarget {
  if (/^sqlite:/i.test(text)) {
    const path = text.replace(/^sqlite:(\/\/)?/i, "").replace(/\?.*$/s, "");
    if (path === "" || path.startsWith(":")) throw refusal("names no file: write sqlite:/path/to/espalier.db");
    return { database: "sqlite", path };
  }
  if (!/^postgres(ql)?:\/\//i.test(text)) throw refusal("must begin with sqlite: or postgres://");
  return postgresTarget(text);
}

function postgresTarget(text: string): StoreTarget {
  const [address = "", query = ""] = splitOnce(text, "?");
  const parameters = new URLSearchParams(query);
  const mode = parameters.get("sslmode");
  if (mode !== null) {
    if (!tlsModes.has(mode)) throw refusal(`has the sslmode "${mode}"; it may be ${[...tlsModes].join(", ")}`);
    // The driver reads them so too, for now, and warns that it will stop to.
    if (mode !== "disable" && mode !== "no-verify") parameters.set("sslmode", "verify-full");
  }
  const url = parameters.size === 0 ? address : `${address}?${parameters}`;
  let client: pg.Client;
  try {
    client = new pg.Client({ connectionString: url });
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException;
    if (code !== undefined && path !== undefined)
      throw refusal(`names the file ${path}, which cannot be read (${code})`);
    throw refusal(
      "is not an URL: write postgres://user:password@host:port/database, " +
        "with / ? # @ : and % in the user and the password percent-encoded",
    );
  }
  const { host, port, database } = client;
  if (!/^[^:]*:\/\/[^/]*\/[^/?]/.test(address)) {
    throw refusal("names no database: write it after the host, as in postgres://user@host/database");
  }
  return { database: "postgres", url, place: `${host.includes(":") ? `[${host}]` : host}:${port}/${database}` };
}

function splitOnce(text: string, separator: string): readonly [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function refusal(what: string): StoreError {
  return new StoreError("ERR_STORE_URL", `store.url ${what}.`);
}
