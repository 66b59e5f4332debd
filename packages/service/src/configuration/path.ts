/** Keys on the way to a value, and how a person reads them: `proxy.tiers[0].name`. */

export type Path = readonly PropertyKey[];

export function formatPath(path: Path): string {
  return path
    .map((key, depth) => (typeof key === "number" ? `[${key}]` : depth === 0 ? String(key) : `.${String(key)}`))
    .join("");
}

/** The paths of a set, found again by themselves or by what lies below them. */
export class PathMap<Value> {
  readonly #values = new Map<string, Value>();

  set(path: Path, value: Value): void {
    this.#values.set(pathKey(path), value);
  }

  /** What was set for `path` or, failing that, for the nearest key above it. */
  nearest(path: Path): Value | undefined {
    for (let depth = path.length; depth > 0; depth -= 1) {
      const value = this.#values.get(pathKey(path.slice(0, depth)));
      if (value !== undefined) return value;
    }
    return undefined;
  }
}

function pathKey(path: Path): string {
  return JSON.stringify(path.map(String));
}
