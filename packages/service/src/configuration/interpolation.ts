/** `${NAME}`, `${NAME:-default}` and `$$` in the text values of the configuration file. */

export type Interpolation =
  | { readonly text: string }
  /** `problem` completes a sentence that begins with where the text stands. */
  | { readonly problem: string };

/**
 * Fills in `text`. `lookup` gives a variable's value, `undefined` when it is not set; it is asked for every name, also one
 * with a default. A filled-in value is not looked through again. A `$` before anything but `{` and `$` is itself.
 */
export function interpolate(text: string, lookup: (name: string) => string | undefined): Interpolation {
  const problems: string[] = [];
  const filled = text.replaceAll(/\$\$|\$\{([^}]*)(\}?)/g, (reference, inner: string | undefined, end: string) => {
    if (inner === undefined) return "$";
    const match = end === "}" ? /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s.exec(inner) : null;
    if (match === null) {
      problems.push(
        `${shorten(reference)} is not \${NAME} or \${NAME:-default}: write $$ where a dollar sign is meant`,
      );
      return "";
    }
    const [, name, fallback] = match;
    const value = lookup(name!) ?? fallback;
    if (value === undefined) {
      problems.push(`\${${name}}: the variable ${name} is not set: set it, or write \${${name}:-default}`);
      return "";
    }
    return value;
  });
  return problems.length === 0 ? { text: filled } : { problem: problems.join("; ") };
}

function shorten(text: string): string {
  return text.length <= 30 ? text : `${text.slice(0, 30)}…`;
}
