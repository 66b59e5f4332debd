/** The values of an entry that an attribute description covers: those of its subtypes, in type and in options. RFC 4512 §2.5. */
import { hasOptions } from "../schema/attribute-description.ts";
import type { ResolvedDescription, Schema } from "../schema/schema.ts";
import type { ValueTest } from "./assertion.ts";
import type { FilterTarget } from "./target.ts";

export interface CoveredKeys {
  /** Asked of every entry. */
  readonly keys: readonly string[];
  /** Whether values under a key with options, which is not among `keys`, are covered. */
  coversTagged(key: string): boolean;
}

export function keysOfDescription({ attribute, options, keys }: ResolvedDescription, schema: Schema): CoveredKeys {
  return {
    keys,
    coversTagged(key) {
      const [type, ...tags] = key.split(";");
      return (
        !keys.includes(key) &&
        hasOptions(tags, options) &&
        schema.subtypes(attribute).some((subtype) => subtype.key === type)
      );
    },
  };
}

/** The descriptions of a type with any options. `typeKeys` are keys without options. */
export function keysOfTypes(typeKeys: ReadonlySet<string>): CoveredKeys {
  return { keys: [...typeKeys], coversTagged: (key) => typeKeys.has(key.slice(0, key.indexOf(";"))) };
}

export function hasValue({ keys, coversTagged }: CoveredKeys, test: ValueTest): (target: FilterTarget) => boolean {
  return (target) => {
    for (const key of keys) {
      const values = target.values(key);
      for (let i = 0; i < values.length; i++) if (test(values[i] as Uint8Array)) return true;
    }
    return target.taggedKeys?.some((key) => coversTagged(key) && target.values(key).some(test)) ?? false;
  };
}
