/** The schema of a cluster, read from its subschema entry (RFC 4512 §4.2, §4.4) and kept until that has changed. */
import { builtInSchema, ResultCode, Schema, type SubschemaDefinitions } from "@espalier/ldap";
import { OperationError, type SearchEntry } from "@espalier/ldap/client";
import type { Identity } from "./identity.ts";
import type { NodeConnection } from "./node-connection.ts";

export interface SchemaReaderOptions {
  /** Milliseconds. */
  readonly now: () => number;
  /** Runs `work` on a node as this person. */
  readonly read: <T>(identity: Identity, work: (connection: NodeConnection) => Promise<T>) => Promise<T>;
  /** Where the schema is. */
  readonly subschemaSubentry: (identity: Identity) => Promise<string | undefined>;
}

/** After this long the server is asked whether the schema is still the same. */
const keptForMs = 300_000;

const definitionTypes = [
  "attributeTypes",
  "objectClasses",
  "matchingRules",
  "matchingRuleUse",
  "ldapSyntaxes",
  "dITContentRules",
  "dITStructureRules",
  "nameForms",
] as const satisfies readonly (keyof SubschemaDefinitions)[];

/** What servers answer who do not let this person see the entry. */
const hidden: ReadonlySet<number> = new Set([ResultCode.noSuchObject, ResultCode.insufficientAccessRights]);

interface KeptSchema {
  readonly schema: Schema;
  readonly modifyTimestamp: string | undefined;
  readonly checkedAtMs: number;
}

export class SchemaReader {
  readonly #options: SchemaReaderOptions;
  #kept: KeptSchema | undefined;
  /** A page asks for the schema several times at once; by person, whose rights it is read with. */
  readonly #underWay = new Map<string, Promise<Schema>>();

  constructor(options: SchemaReaderOptions) {
    this.#options = options;
  }

  /** The built-in one where the server shows none to this person. @throws as `read` does */
  schema(identity: Identity): Promise<Schema> {
    const { now } = this.#options;
    if (this.#kept !== undefined && now() - this.#kept.checkedAtMs < keptForMs)
      return Promise.resolve(this.#kept.schema);
    const underWay = this.#underWay.get(identity.key);
    if (underWay !== undefined) return underWay;
    const reading = this.#read(identity).finally(() => this.#underWay.delete(identity.key));
    this.#underWay.set(identity.key, reading);
    return reading;
  }

  async #read(identity: Identity): Promise<Schema> {
    const { now, read, subschemaSubentry } = this.#options;
    const place = await subschemaSubentry(identity);
    if (place === undefined) return builtInSchema;
    const found = await read(identity, async (connection) => {
      if (this.#kept?.modifyTimestamp !== undefined) {
        const stamp = (await subschema(connection, place, ["modifyTimestamp"]))?.text("modifyTimestamp");
        if (stamp === this.#kept.modifyTimestamp) return this.#kept;
      }
      const entry = await subschema(connection, place, [...definitionTypes, "modifyTimestamp"]);
      return entry === undefined ? undefined : schemaOf(entry);
    });
    if (found === undefined) return builtInSchema;
    this.#kept = { ...found, checkedAtMs: now() };
    return found.schema;
  }
}

async function subschema(
  connection: NodeConnection,
  place: string,
  attributes: readonly string[],
): Promise<SearchEntry | undefined> {
  const search = { baseObject: place, scope: "baseObject", filter: "(objectClass=subschema)", attributes } as const;
  try {
    return (await connection.searchAll(search)).entries[0];
  } catch (error) {
    if (error instanceof OperationError && hidden.has(error.resultCode)) return undefined;
    throw error;
  }
}

/** `undefined` for an entry that shows no attribute types. */
function schemaOf(entry: SearchEntry): Pick<KeptSchema, "schema" | "modifyTimestamp"> | undefined {
  // A definition that is not UTF-8 must not make the rest unreadable.
  const decoder = new TextDecoder();
  const texts = (type: string) => entry.values(type).map((value) => decoder.decode(value));
  const definitions = Object.fromEntries(definitionTypes.map((type) => [type, texts(type)]));
  if (definitions.attributeTypes?.length === 0) return undefined;
  return { schema: new Schema(definitions), modifyTimestamp: entry.text("modifyTimestamp") };
}
