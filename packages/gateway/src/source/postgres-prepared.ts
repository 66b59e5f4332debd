/**
 * Statements that are asked over and over. A connection describes one when it prepares it; from then on it is sent Bind,
 * Execute and Sync alone. The driver's own query has every answer described anew, which costs as much as the answer.
 */
import type pg from "pg";
import type { Row } from "./source.ts";

export interface PreparedStatement {
  /** Stands for the text on each connection: another text has another name. */
  readonly name: string;
  readonly text: string;
  /** In PostgreSQL's input form. */
  readonly values: readonly string[];
}

type Column = readonly [name: string, parse: (text: string) => unknown];

/** The columns of each statement that a connection has prepared, by the statement's name. */
const prepared = new WeakMap<pg.ClientBase, Map<string, readonly Column[]>>();

/** @throws as `client.query` */
export function askPrepared(client: pg.ClientBase, statement: PreparedStatement): Promise<readonly Row[]> {
  return new Promise((resolve, reject) => {
    client.query(new PreparedQuery(client, statement, resolve, reject));
  });
}

/** `text[]` in PostgreSQL's input form. */
export function textArray(texts: readonly string[]): string {
  return `{${texts.map((text) => `"${text.replace(/[\\"]/g, "\\$&")}"`).join(",")}}`;
}

/** What the driver calls as the server's messages come in: its interface for queries that others write. */
class PreparedQuery implements pg.Submittable {
  readonly #client: pg.ClientBase;
  readonly #statement: PreparedStatement;
  readonly #resolve: (rows: readonly Row[]) => void;
  readonly #reject: (error: Error) => void;
  readonly #rows: Row[] = [];
  readonly #known: Map<string, readonly Column[]>;
  #columns: readonly Column[] | undefined;

  constructor(
    client: pg.ClientBase,
    statement: PreparedStatement,
    resolve: (rows: readonly Row[]) => void,
    reject: (error: Error) => void,
  ) {
    this.#client = client;
    this.#statement = statement;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#known = prepared.get(client) ?? new Map();
    prepared.set(client, this.#known);
    this.#columns = this.#known.get(statement.name);
  }

  submit(connection: pg.Connection): void {
    const { name, text, values } = this.#statement;
    connection.stream.cork();
    if (this.#columns === undefined) {
      connection.parse({ name, text, types: [] }, true);
      connection.describe({ type: "S", name }, true);
    }
    connection.bind({ statement: name, values: [...values] }, true);
    connection.execute(null, true);
    connection.sync();
    connection.stream.uncork();
  }

  handleRowDescription({ fields }: { readonly fields: readonly pg.FieldDef[] }): void {
    this.#prepared(fields.map(({ name, dataTypeID }) => [name, this.#client.getTypeParser(dataTypeID, "text")]));
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    const columns = this.#columns!;
    const row: Record<string, unknown> = {};
    for (let i = 0; i < columns.length; i++) {
      const [name, parse] = columns[i]!;
      const text = fields[i]!;
      row[name] = text === null ? null : parse(text);
    }
    this.#rows.push(row);
  }

  handleCommandComplete(): void {
    // A statement that gives no rows has no description.
    if (this.#columns === undefined) this.#prepared([]);
  }

  handleEmptyQuery(): void {
    this.handleCommandComplete();
  }

  handleReadyForQuery(): void {
    this.#resolve(this.#rows);
  }

  handleError(error: Error): void {
    this.#reject(error);
  }

  #prepared(columns: readonly Column[]): void {
    this.#columns = columns;
    this.#known.set(this.#statement.name, columns);
  }
}
