/** Attributes of an entry in memory, and what changes make of them: to look ahead, and to compare with what is there. */
import type { Change, PartialAttribute } from "@espalier/ldap";
import type { AttributeMatching } from "./attribute-matching.ts";

/** Never changed in place. */
export class EntryImage {
  readonly #attributes: ReadonlyMap<string, PartialAttribute>;
  readonly #matching: AttributeMatching;

  private constructor(attributes: ReadonlyMap<string, PartialAttribute>, matching: AttributeMatching) {
    this.#attributes = attributes;
    this.#matching = matching;
  }

  static of(attributes: readonly PartialAttribute[], matching: AttributeMatching): EntryImage {
    const byKey = new Map<string, PartialAttribute>();
    for (const { type, values } of attributes) {
      if (values.length === 0) continue;
      const key = matching.key(type);
      const other = byKey.get(key);
      byKey.set(key, other === undefined ? { type, values } : { ...other, values: [...other.values, ...values] });
    }
    return new EntryImage(byKey, matching);
  }

  get attributes(): PartialAttribute[] {
    return [...this.#attributes.values()];
  }

  values(description: string): readonly Uint8Array[] {
    return this.#attributes.get(this.#matching.key(description))?.values ?? [];
  }

  /** Whether there is a value that is this one under the equality rule. */
  has(description: string, value: Uint8Array): boolean {
    const key = this.#matching.valueKey(description, value);
    return this.values(description).some((each) => this.#matching.valueKey(description, each) === key);
  }

  /** Whether these are its values, in whatever spelling: servers have their own of names, for instance. */
  hasExactly(description: string, values: readonly Uint8Array[]): boolean {
    const there = new Set(this.values(description).map((value) => this.#matching.valueKey(description, value)));
    const given = new Set(values.map((value) => this.#matching.valueKey(description, value)));
    return there.size === given.size && [...given].every((key) => there.has(key));
  }

  /** Only these attributes. */
  only(keys: ReadonlySet<string>): EntryImage {
    return new EntryImage(new Map([...this.#attributes].filter(([key]) => keys.has(key))), this.#matching);
  }

  /** What a server makes of it that takes the changes: a value to be deleted that is not there is passed over. */
  after(changes: readonly Change[]): EntryImage {
    const attributes = new Map(this.#attributes);
    for (const { operation, modification } of changes) {
      const { type, values } = modification;
      const key = this.#matching.key(type);
      const present = attributes.get(key);
      const left = this.#changed(operation, type, present?.values ?? [], values);
      if (left.length === 0) attributes.delete(key);
      else attributes.set(key, { type: present?.type ?? type, values: left });
    }
    return new EntryImage(attributes, this.#matching);
  }

  #changed(
    operation: Change["operation"],
    type: string,
    present: readonly Uint8Array[],
    values: readonly Uint8Array[],
  ): readonly Uint8Array[] {
    const keys = (list: readonly Uint8Array[]) => new Set(list.map((value) => this.#matching.valueKey(type, value)));
    switch (operation) {
      case "replace":
        return values;
      case "add": {
        const there = keys(present);
        return [...present, ...values.filter((value) => !there.has(this.#matching.valueKey(type, value)))];
      }
      case "delete": {
        const gone = keys(values);
        return values.length === 0 ? [] : present.filter((value) => !gone.has(this.#matching.valueKey(type, value)));
      }
      case "increment":
        return present.map((value) => incremented(value, values[0]));
    }
  }
}

/** RFC 4525: integers, of any size. */
function incremented(value: Uint8Array, by: Uint8Array | undefined): Uint8Array {
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");
  try {
    return Buffer.from(String(BigInt(text(value)) + BigInt(text(by ?? new Uint8Array()))), "latin1");
  } catch {
    return value;
  }
}
