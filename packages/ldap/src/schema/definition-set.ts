/** Definitions of one kind by OID and name, in which a later definition takes the place of an earlier one. */
import { ParseError } from "../error.ts";

/** A definition that could not be used, or only in part. */
export interface SchemaProblem {
  readonly definition: string;
  readonly message: string;
}

interface Identified {
  readonly oid: string;
  readonly names?: readonly string[];
}

export class DefinitionSet<D extends Identified> {
  readonly #byOid = new Map<string, { readonly definition: D; readonly text: string }>();
  readonly #byName = new Map<string, D>();

  /** Reads each of `texts` by `parse`; what cannot be read is reported and left out. */
  constructor(texts: readonly string[], parse: (text: string) => D, problems: SchemaProblem[]) {
    for (const text of texts) {
      const definition = readDefinition(text, parse, problems);
      if (definition === undefined) continue;
      const oid = definition.oid.toLowerCase();
      // Deleting first moves a redefinition to the end of the order, behind what it may refer to.
      this.#byOid.delete(oid);
      this.#byOid.set(oid, { definition, text });
    }
    for (const definition of this.values())
      for (const name of definition.names ?? []) this.#byName.set(name.toLowerCase(), definition);
  }

  /** Letter case is insignificant. */
  get(nameOrOid: string): D | undefined {
    const key = nameOrOid.toLowerCase();
    return this.#byName.get(key) ?? this.#byOid.get(key)?.definition;
  }

  values(): readonly D[] {
    return Array.from(this.#byOid.values(), ({ definition }) => definition);
  }

  /** The definitions as they were given, without those that others have taken the place of. */
  texts(): readonly string[] {
    return Array.from(this.#byOid.values(), ({ text }) => text);
  }
}

function readDefinition<D>(text: string, parse: (text: string) => D, problems: SchemaProblem[]): D | undefined {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    problems.push({ definition: text, message: error.message });
    return undefined;
  }
}
