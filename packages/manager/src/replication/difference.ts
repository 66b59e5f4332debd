/** How two replicas of an entry differ. */
import { createHash } from "node:crypto";
import { openLdapCsn, type Schema } from "@espalier/ldap";
import type { SearchEntry } from "@espalier/ldap/client";
import { type Value, valueJson } from "../api/value.ts";
import { secretName, textOf } from "../reading/entry-json.ts";
import { type ComparedAttribute, comparedAttributes } from "./fingerprint.ts";
import { parseServerTime } from "./server-time.ts";

/** A value, or what stands for one that is too long to be shown. */
type ShownValue = Value | { readonly bytes: number; readonly sha256: string };

interface OneSided {
  /** The first of them. */
  readonly values: readonly ShownValue[];
  readonly count: number;
}

export interface AttributeDifference {
  readonly attribute: string;
  /** Values that only the first has, and only the second. */
  readonly onlyOnFirst: OneSided;
  readonly onlyOnSecond: OneSided;
}

const maxShownBytes = 1_024;
const maxShownValues = 20;

export function attributeDifferences(first: SearchEntry, second: SearchEntry, schema: Schema): AttributeDifference[] {
  const [here, there] = [byName(first), byName(second)];
  const names = [...new Set([...here.keys(), ...there.keys()])].sort();
  return names.flatMap((name): AttributeDifference[] => {
    const [own, other] = [here.get(name), there.get(name)];
    const description = own?.description ?? other?.description ?? name;
    const onlyOnFirst = without(own, other);
    const onlyOnSecond = without(other, own);
    if (onlyOnFirst.length === 0 && onlyOnSecond.length === 0) return [];
    return [
      {
        attribute: description,
        onlyOnFirst: shown(onlyOnFirst, description, schema),
        onlyOnSecond: shown(onlyOnSecond, description, schema),
      },
    ];
  });
}

function byName({ attributes }: SearchEntry): ReadonlyMap<string, ComparedAttribute> {
  return new Map(comparedAttributes(attributes).map((attribute) => [attribute.name, attribute]));
}

function without(one: ComparedAttribute | undefined, other: ComparedAttribute | undefined): Uint8Array[] {
  const known = new Set(other?.values.map((value) => Buffer.from(value).toString("latin1")));
  return (one?.values ?? []).filter((value) => !known.has(Buffer.from(value).toString("latin1")));
}

function shown(values: readonly Uint8Array[], description: string, schema: Schema): OneSided {
  const name = secretName(description, schema) ?? description;
  return { values: values.slice(0, maxShownValues).map((value) => shownValue(name, value)), count: values.length };
}

function shownValue(name: string, bytes: Uint8Array): ShownValue {
  const value = valueJson(name, bytes);
  if (bytes.length <= maxShownBytes || (typeof value === "object" && "hidden" in value)) return value;
  return { bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
}

/** When the entry was changed last, by the clock of the server that did it; milliseconds since 1970. */
export function changedAt(entry: SearchEntry): number | undefined {
  return openLdapCsn(textOf(entry, "entryCSN") ?? "")?.timeMs ?? parseServerTime(textOf(entry, "modifyTimestamp"));
}

/** What keeps it apart from every other entry, its name aside; the attribute and its value. */
export function identityOf(entry: SearchEntry): { readonly attribute: string; readonly value: string } | undefined {
  for (const attribute of ["entryUUID", "nsUniqueId"]) {
    const value = textOf(entry, attribute);
    if (value !== undefined) return { attribute, value };
  }
  return undefined;
}
