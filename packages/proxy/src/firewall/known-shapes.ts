/** The shapes of a rule, and whether a filter has one. */
import type { Filter } from "@espalier/ldap";
import { anyAttributeShape, filterShape, isItem, itemShape, parseShape } from "../frame/filter-shape.ts";

export class KnownShapes {
  readonly #shapes: ReadonlySet<string>;
  /** Of the largest shape: a filter with more has none of them, and is not written out to find that out. */
  readonly #maxItems: number;

  /** @throws RangeError as `parseShape`. */
  constructor(shapes: readonly string[]) {
    const parsed = shapes.map(parseShape);
    this.#shapes = new Set(parsed.map(({ shape }) => shape));
    this.#maxItems = Math.max(0, ...parsed.filter(({ shape }) => /^\([&|!]/.test(shape)).map(({ items }) => items));
  }

  /** Whether the filter, or a filter in it, has one of the shapes. */
  occursIn(filter: Filter): boolean {
    if (this.#has(filter)) return true;
    if (isItem(filter)) return false;
    return filter.type === "not" ? this.occursIn(filter.filter) : filter.filters.some((part) => this.occursIn(part));
  }

  /** Whether the filter has one of the shapes, or is an `and` or `or` of filters that have: not a `not` of one. */
  makeUp(filter: Filter): boolean {
    if (this.#has(filter)) return true;
    if (filter.type !== "and" && filter.type !== "or") return false;
    return filter.filters.length > 0 && filter.filters.every((part) => this.makeUp(part));
  }

  #has(filter: Filter): boolean {
    if (isItem(filter)) return this.#shapes.has(itemShape(filter)) || this.#shapes.has(anyAttributeShape(filter));
    if (this.#maxItems === 0) return false;
    const shape = filterShape(filter, this.#maxItems);
    return shape !== undefined && this.#shapes.has(shape);
  }
}
