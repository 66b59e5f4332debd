/** Connections to PostgreSQL: how they are made, how column types are read, and what its errors mean here. */
import type { ClientConfig } from "pg";
import pg from "pg";
import { reasonOf, SourceError } from "./error.ts";
import { tlsOptions } from "./tls.ts";
import { describeTarget, type ServerTarget } from "./url.ts";

const oids = { bpchar: 1042, textArray: 1009, timestamp: 1114 };

/** The driver's types, but for those that would lose something here. */
export class ColumnTypes {
  /** Arrays of citext, domains over text and the like, by the numbers they have in this database. */
  #textArrays: ReadonlySet<number> = new Set();

  getTypeParser(oid: number, format?: "text" | "binary"): (text: string) => unknown {
    if (format !== "binary") {
      // char(n) is padded with blanks, which are no part of the value.
      if (oid === oids.bpchar) return (text) => text.trimEnd();
      // Without a zone of its own a time is UTC, whatever zone this process is in.
      if (oid === oids.timestamp) return (text) => new Date(`${text.replace(" ", "T")}Z`);
      if (this.#textArrays.has(oid)) return pg.types.getTypeParser(oids.textArray) as (text: string) => unknown;
    }
    return pg.types.getTypeParser(oid, format as "text") as (text: string) => unknown;
  }

  /** Asks the database for the numbers. */
  async learn(client: pg.ClientBase): Promise<void> {
    const arrays = await client.query<{ oid: number }>(
      `SELECT a.oid FROM pg_catalog.pg_type a JOIN pg_catalog.pg_type t ON t.oid = a.typelem
       WHERE a.typcategory = 'A' AND t.typcategory = 'S'`,
    );
    this.#textArrays = new Set(arrays.rows.map(({ oid }) => oid));
  }
}

/** @throws SourceError `ERR_SOURCE_URL` when a PEM file that the URL names cannot be read */
export function clientConfig(target: ServerTarget, types: ColumnTypes, connectTimeoutMs: number): ClientConfig {
  return {
    host: target.socketPath ?? target.host,
    port: target.port,
    user: target.user,
    ...(target.password === undefined ? {} : { password: target.password }),
    database: target.database,
    ssl: tlsOptions(target),
    application_name: "espalier",
    ...(target.options === undefined ? {} : { options: target.options }),
    connectionTimeoutMillis: connectTimeoutMs,
    // With Node's probes, one a second after that, a dead peer is noticed in 20 s.
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types,
  };
}

/** Classes of SQLSTATE with which the server says that it cannot serve anybody now, or not us. */
const unavailableStates = /^(08|28|3D|53|57P|58|25P03|25P04)/;

/** @param what the query, or what else was tried, as the beginning of a sentence */
export function postgresError(error: unknown, what: string, target: ServerTarget): SourceError {
  if (error instanceof SourceError) return error;
  const place = `the database ${describeTarget(target)}`;
  const { code, message } = reasonOf(error);
  if (code !== undefined && /^[0-9A-Z]{5}$/.test(code) && !/^E[A-Z]+$/.test(code)) {
    if (code === "57014") {
      return new SourceError("ERR_SOURCE_TIMEOUT", `${what} was stopped by ${place}: ${message} (${code}).`, {
        cause: error,
      });
    }
    const kind = unavailableStates.test(code) ? "ERR_SOURCE_UNAVAILABLE" : "ERR_SOURCE_QUERY";
    return new SourceError(kind, `${what} was refused by ${place}: ${message} (${code}).`, { cause: error });
  }
  return new SourceError("ERR_SOURCE_UNAVAILABLE", `${what} could not reach ${place}: ${message}.`, { cause: error });
}
