/** The operator's queries, as far as checks have to understand them: placeholders, and what is selected under which name. */

/** Literals, quoted names and comments; a name in double quotes or backquotes stays a name. */
const tokens = /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$)|`[^`]*(?:`|$)/g;

/** Whether there is a `?` that stands for the user's name: one within quotes is text. */
export function hasPlaceholder(sql: string): boolean {
  return sql.replace(tokens, " ").includes("?");
}

export interface SelectedColumn {
  /** The name that the row has it by. */
  readonly name: string;
  /** The names that its expression consists of, the column's own last. */
  readonly identifiers: readonly string[];
}

/** What the first SELECT of the query selects; nothing of one that selects `*`. */
export function selectedColumns(sql: string): readonly SelectedColumn[] {
  const plain = sql.replace(tokens, (token) => (/^["`]/.test(token) ? token.slice(1, -1).replace(/\W/g, "_") : " "));
  const list = /\bselect\b(?:\s+(?:distinct|all)\b)?([\s\S]*)/i.exec(plain)?.[1] ?? "";
  return itemsOf(list).flatMap((item): SelectedColumn[] => {
    const identifiers = item.match(/[A-Za-z_]\w*/g) ?? [];
    const name = identifiers.at(-1);
    if (name === undefined) return [];
    const isRenamed = identifiers.length > 1;
    return [{ name, identifiers: isRenamed ? identifiers.slice(0, -1) : identifiers }];
  });
}

/** Parted by commas outside of parentheses, as far as FROM. */
function itemsOf(list: string): readonly string[] {
  const items = [""];
  let depth = 0;
  for (const [token] of list.matchAll(/\bfrom\b|[(),]|[^(),\s]+|\s+/gi)) {
    if (depth === 0 && /^from$/i.test(token)) break;
    if (token === "(") depth += 1;
    if (token === ")") depth -= 1;
    if (token === "," && depth === 0) items.push("");
    else items.push(`${items.pop() ?? ""}${token}`);
  }
  return items;
}
