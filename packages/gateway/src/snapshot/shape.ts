/**
 * What entries of one kind have in common: the attribute types they hold, in the order they are encoded, and their
 * object classes. A directory of a million users has a handful of shapes, so what depends only on the shape (presence,
 * object class, which attributes a selection sends) is decided once a shape and not once an entry.
 */
import type { EntryContent } from "../tree/entry-content.ts";

export interface Shape {
  /** Attribute types as sent, user attributes first. */
  readonly types: readonly string[];
  /** How many of `types` are user attributes. */
  readonly userTypes: number;
  /** Position in `types` by canonical key (see `attributeKey`). */
  readonly positions: ReadonlyMap<string, number>;
  readonly objectClasses: readonly string[];
}

export class ShapeTable {
  readonly #shapes = new Map<string, Shape>();
  readonly #attributeKey: (type: string) => string;
  /** The one that was asked for last, which most entries have that come in a row. */
  #last: Shape | undefined;

  /** @param attributeKey the canonical key of an attribute type, as filters and selections look it up. */
  constructor(attributeKey: (type: string) => string) {
    this.#attributeKey = attributeKey;
  }

  shapeOf(content: EntryContent): Shape {
    const objectClasses = content.attributes.find(([type]) => type === "objectClass")?.[1] ?? [];
    if (this.#last === undefined || !isOfShape(this.#last, content, objectClasses)) {
      this.#last = this.#find(content, objectClasses);
    }
    return this.#last;
  }

  #find(content: EntryContent, objectClasses: readonly string[]): Shape {
    let id = `${content.attributes.length}`;
    for (const [type] of content.attributes) id += ` ${type}`;
    for (const [type] of content.operational) id += ` ${type}`;
    for (const name of objectClasses) id += ` ${name}`;
    let shape = this.#shapes.get(id);
    if (!shape) {
      const types = [...content.attributes, ...content.operational].map(([type]) => type);
      shape = {
        types,
        userTypes: content.attributes.length,
        positions: new Map(types.map((type, position) => [this.#attributeKey(type), position])),
        objectClasses,
      };
      this.#shapes.set(id, shape);
    }
    return shape;
  }
}

function isOfShape(shape: Shape, { attributes, operational }: EntryContent, objectClasses: readonly string[]): boolean {
  const { types, userTypes } = shape;
  return (
    attributes.length === userTypes &&
    operational.length === types.length - userTypes &&
    objectClasses.length === shape.objectClasses.length &&
    attributes.every(([type], i) => type === types[i]) &&
    operational.every(([type], i) => type === types[userTypes + i]) &&
    objectClasses.every((name, i) => name === shape.objectClasses[i])
  );
}
