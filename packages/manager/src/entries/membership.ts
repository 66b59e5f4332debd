/**
 * Who is a member of a group, in the three ways that directories say it: `member` and `uniqueMember` hold names (RFC 4519),
 * `memberUid` login names (RFC 2307).
 */
import type { Change, Schema } from "@espalier/ldap";
import type { SearchEntry } from "@espalier/ldap/client";
import { ApiError } from "../api/problem.ts";
import { AttributeMatching } from "../changes/attribute-matching.ts";
import { classRules, dnValueKey } from "./object-classes.ts";
import { placeholder } from "./references.ts";

export interface Person {
  /** As the server spells it. */
  readonly dn: string;
  readonly uid: string | undefined;
}

type MemberAttribute = "member" | "uniqueMember" | "memberUid";
const kinds: readonly MemberAttribute[] = ["member", "uniqueMember", "memberUid"];
export const membershipAttributes = ["objectClass", ...kinds];

interface MemberList {
  readonly attribute: MemberAttribute;
  /** Whether the group's classes ask for a member. */
  readonly isRequired: boolean;
  /** By key. */
  readonly values: Map<string, Uint8Array>;
}

const encoder = new TextEncoder();

/** A group as it was read, and what is to be done to it. */
export class Membership {
  readonly dn: string;
  readonly #schema: Schema;
  readonly #matching: AttributeMatching;
  readonly #lists: readonly MemberList[];
  readonly #added = new Map<MemberList, Map<string, Uint8Array>>();
  readonly #removed = new Map<MemberList, Map<string, Uint8Array>>();

  /**
   * A group that is of two kinds (`groupOfNames` and `posixGroup`) is changed in those that it has members in; else in the one
   * that holds names.
   *
   * @throws ApiError `invalid_request` for an entry that is no group
   */
  constructor(group: SearchEntry, schema: Schema) {
    this.dn = group.objectName;
    this.#schema = schema;
    this.#matching = new AttributeMatching(schema);
    const objectClasses = group.texts("objectClass");
    const { must, may } = classRules(schema, objectClasses);
    const lists = kinds
      .filter((attribute) => must.has(attribute.toLowerCase()) || may.has(attribute.toLowerCase()))
      .map((attribute) => ({
        attribute,
        isRequired: must.has(attribute.toLowerCase()),
        values: new Map(group.values(attribute).map((value) => [this.#key(attribute, value), value])),
      }));
    const used = lists.filter(({ values }) => values.size > 0);
    this.#lists = used.length > 0 ? used : lists.slice(0, 1);
    if (lists.length === 0) {
      throw new ApiError(
        "invalid_request",
        `${this.dn} is no group: its object classes (${objectClasses.join(", ")}) have no attribute for members.`,
      );
    }
  }

  /** Of members: a group of login names needs people who have one. */
  get needsUid(): boolean {
    return this.#lists.some(({ attribute }) => attribute === "memberUid");
  }

  /** @returns whether the person was no member yet */
  add(person: Person): boolean {
    let isNew = false;
    for (const list of this.#lists) {
      const value = memberValue(list, person);
      if (value === undefined) continue;
      const key = this.#key(list.attribute, value);
      if (list.values.has(key)) continue;
      pending(this.#added, list).set(key, value);
      isNew = true;
    }
    return isNew;
  }

  /** Removes by the text of a value, as the group has it, or one that means the same. @returns whether it was there */
  removeValue(text: string): boolean {
    return this.#remove(() => encoder.encode(text));
  }

  /** @returns whether the person was a member */
  remove(person: Person): boolean {
    return this.#remove((list) => memberValue(list, person));
  }

  #remove(valueIn: (list: MemberList) => Uint8Array | undefined): boolean {
    let wasThere = false;
    for (const list of this.#lists) {
      const value = valueIn(list);
      const key = value === undefined ? undefined : this.#key(list.attribute, value);
      const present = key === undefined ? undefined : list.values.get(key);
      if (key === undefined || present === undefined) continue;
      pending(this.#removed, list).set(key, present);
      wasThere = true;
    }
    return wasThere;
  }

  /** People, each counted once however often and by whatever name the list has them. */
  get addedCount(): number {
    return Math.max(...this.#lists.map((list) => this.#added.get(list)?.size ?? 0));
  }
  get removedCount(): number {
    return Math.max(...this.#lists.map((list) => this.#removed.get(list)?.size ?? 0));
  }

  /** Whether it would be left without a member although its class asks for one. */
  get isEmptied(): boolean {
    return this.#lists.some((list) => this.#isEmptied(list));
  }

  #isEmptied(list: MemberList): boolean {
    const added = this.#added.get(list)?.size ?? 0;
    const removed = this.#removed.get(list)?.size ?? 0;
    return list.isRequired && removed > 0 && added === 0 && list.values.size === removed;
  }

  /**
   * Modifications of so many values at most. Members are added before others are removed, so that no group is without any in
   * between; a placeholder goes with the first member, and comes with the last to go.
   */
  modifications(maxValues: number, maxBytes: number): Change[][] {
    const pieces: { operation: "add" | "delete"; type: string; value: Uint8Array }[] = [];
    for (const list of this.#lists) {
      const type = list.attribute;
      const added = [...(this.#added.get(list)?.values() ?? [])];
      if (this.#isEmptied(list)) added.push(encoder.encode(placeholder));
      pieces.push(...added.map((value) => ({ operation: "add" as const, type, value })));
    }
    for (const list of this.#lists) {
      const type = list.attribute;
      const removed = new Map(this.#removed.get(list));
      const placeholderKey = this.#key(type, encoder.encode(placeholder));
      const standIn = list.values.get(placeholderKey);
      if (standIn !== undefined && (this.#added.get(list)?.size ?? 0) > 0) removed.set(placeholderKey, standIn);
      pieces.push(...[...removed.values()].map((value) => ({ operation: "delete" as const, type, value })));
    }
    const batches: Change[][] = [];
    let changes = new Map<
      string,
      { operation: "add" | "delete"; modification: { type: string; values: Uint8Array[] } }
    >();
    let [values, bytes] = [0, 0];
    for (const { operation, type, value } of pieces) {
      if (values === maxValues || (values > 0 && bytes + value.length > maxBytes)) {
        batches.push([...changes.values()]);
        changes = new Map();
        [values, bytes] = [0, 0];
      }
      const name = `${operation} ${type}`;
      const change = changes.get(name) ?? { operation, modification: { type, values: [] } };
      changes.set(name, change);
      change.modification.values.push(value);
      values += 1;
      bytes += value.length;
    }
    if (changes.size > 0) batches.push([...changes.values()]);
    return batches;
  }

  #key(attribute: MemberAttribute, value: Uint8Array): string {
    return (
      (attribute === "memberUid" ? undefined : dnValueKey(value, this.#schema)) ??
      this.#matching.valueKey(attribute, value)
    );
  }
}

function memberValue({ attribute }: MemberList, { dn, uid }: Person): Uint8Array | undefined {
  const text = attribute === "memberUid" ? uid : dn;
  return text === undefined ? undefined : encoder.encode(text);
}

function pending(of: Map<MemberList, Map<string, Uint8Array>>, list: MemberList): Map<string, Uint8Array> {
  const values = of.get(list) ?? new Map<string, Uint8Array>();
  of.set(list, values);
  return values;
}

/** What a person is told who would take the last member out. */
export function emptiedMessage(dn: string): string {
  return `${dn} would have no member, and its object class asks for one: delete the group, give it another member first, or ask with lastMember=placeholder, which leaves cn=nobody in it.`;
}
