/** SQL with its values apart from it, in the words that SQLite and PostgreSQL share. */

export type SqlValue = string | number | bigint | Uint8Array | null;

/** How the databases differ for those who write SQL. */
export type Database = "sqlite" | "postgres";

export interface RenderedStatement {
  readonly text: string;
  readonly values: readonly SqlValue[];
}

/** The values of rows, all between the brackets of `VALUES (…)`: one piece of a statement, however many there are. */
class RowValues {
  readonly width: number;
  readonly values: readonly SqlValue[];

  /** @param width of a row, one at least */
  constructor(width: number, values: readonly SqlValue[]) {
    this.width = width;
    this.values = values;
  }

  /** `$3, $4), ($5, $6`. @param first the number of the first value */
  placeholders(database: Database, first: number): string {
    const { width, values } = this;
    const count = values.length / width;
    if (database === "sqlite") {
      const row = `?${", ?".repeat(width - 1)}`;
      return row + `), (${row}`.repeat(count - 1);
    }
    const row = (_: unknown, at: number) =>
      Array.from({ length: width }, (_, column) => `$${first + at * width + column}`).join(", ");
    return Array.from({ length: count }, row).join("), (");
  }
}

/** Made by {@link sql}. */
export class Statement {
  /** One more than there are values, which stand between them. */
  readonly texts: readonly string[];
  readonly values: readonly (SqlValue | RowValues)[];
  readonly isPrepared: boolean;

  constructor(texts: readonly string[], values: readonly (SqlValue | RowValues)[], isPrepared = false) {
    this.texts = texts;
    this.values = values;
    this.isPrepared = isPrepared;
  }

  /**
   * The same, to be parsed and planned once for each connection where the database would else do so each time: for one that is run
   * often, whose text is always the same, and whose plan is right however much the tables hold.
   */
  prepared(): Statement {
    return new Statement(this.texts, this.values, true);
  }

  /** The text as the database takes it: `?` or `$1` for the values. */
  render(database: Database): RenderedStatement {
    let text = this.texts[0] ?? "";
    const values: SqlValue[] = [];
    for (const [index, value] of this.values.entries()) {
      if (value instanceof RowValues) {
        text += value.placeholders(database, values.length + 1);
        for (const each of value.values) values.push(each);
      } else {
        values.push(value);
        text += database === "sqlite" ? "?" : `$${values.length}`;
      }
      text += this.texts[index + 1];
    }
    return { text, values };
  }
}

export type SqlPart = SqlValue | undefined | Statement;

type Part = SqlPart | RowValues;

/**
 * A statement, or a piece of one: a value in `${…}` becomes a parameter (`undefined` is NULL), another statement is taken
 * in as it is.
 *
 *     sql`SELECT * FROM events WHERE ${conditions} AND time < ${time}`
 */
export function sql(strings: TemplateStringsArray, ...parts: readonly SqlPart[]): Statement {
  return compose(strings, parts);
}

/** The statements one after the other, with `separator` between them. */
export function joinSql(statements: readonly Statement[], separator: string): Statement {
  const between = statements.slice(1).map(() => separator);
  return statements.length === 0 ? new Statement([""], []) : compose(["", ...between, ""], statements);
}

/** `(1, 2), (3, 4)`: rows for `VALUES`, each of the same length. */
export function sqlRows(rows: readonly (readonly (SqlValue | undefined)[])[]): Statement {
  const [first = []] = rows;
  const values = rows.flat().map((value) => value ?? null);
  return values.length === 0
    ? new Statement(["()"], [])
    : new Statement(["(", ")"], [new RowValues(first.length, values)]);
}

/** The columns of {@link sqlTable}: their names, and the types that PostgreSQL gives them. */
export type TableColumns = Readonly<Record<string, "text" | "bigint" | "smallint">>;

/**
 * Rows to select from, one at least. It stands in `FROM`, with a name after it: `FROM ${sqlTable(…)} AS claims`.
 *
 * To PostgreSQL they are one value in JSON, so that the text is the same for however many there are and can be
 * {@link Statement.prepared}. To SQLite, which keeps the few texts that it has parsed, taking JSON apart would be dearer: 25 µs
 * an event.
 */
export function sqlTable<Columns extends TableColumns>(
  database: Database,
  columns: Columns,
  rows: readonly { readonly [Name in keyof Columns]: string | number | null }[],
): Statement {
  const names = Object.keys(columns);
  if (database === "sqlite") {
    const fields = names.map((name, index) => `column${index + 1} AS ${name}`);
    const values = sqlRows(rows.map((row) => names.map((name) => row[name])));
    return sql`(SELECT ${new Statement([fields.join(", ")], [])} FROM (VALUES ${values}))`;
  }
  const definitions = names.map((name) => `${name} ${columns[name]}`);
  const texts = ["(SELECT * FROM json_to_recordset(", `) AS each_row (${definitions.join(", ")}))`];
  return new Statement(texts, [JSON.stringify(rows)]);
}

function compose(strings: readonly string[], parts: readonly Part[]): Statement {
  const texts: string[] = [];
  const values: (SqlValue | RowValues)[] = [];
  let text = strings[0] ?? "";
  parts.forEach((part, index) => {
    const after = strings[index + 1] ?? "";
    if (part instanceof Statement) {
      part.values.forEach((value, at) => {
        texts.push(text + part.texts[at]);
        values.push(value);
        text = "";
      });
      text += (part.texts.at(-1) ?? "") + after;
    } else {
      texts.push(text);
      values.push(part ?? null);
      text = after;
    }
  });
  return new Statement([...texts, text], values);
}
