/**
 * Puts a directory back over LDAP: parents first, then groups. A marker entry stands below the base from the first entry to the last,
 * so that what an interrupted restore has left is seen to be half. Run again, it makes of every entry what the backup has.
 */
import {
  type Change,
  type Control,
  LdapError,
  manageDsaITControl,
  type PartialAttribute,
  parseAttributeType,
  ResultCode,
} from "@espalier/ldap";
import { attribute, type LdapClient, type SearchEntry } from "@espalier/ldap/client";
import { BackupError } from "./backup-error.ts";
import type { OpenedNode } from "./directory-connection.ts";
import { EntrySpool } from "./entry-spool.ts";
import { inParallel } from "./in-parallel.ts";
import { canonicalEntry, type DirectoryEntry, entriesOf, normalName } from "./parts/ldap-part.ts";
import type { Bytes } from "./parts/part.ts";
import { SetDigest } from "./set-digest.ts";

export interface DirectoryRestore {
  readonly node: OpenedNode;
  readonly baseDn: string;
  readonly backup: string;
  /** Read once. */
  readonly entries: Bytes;
  /** A private folder on a disk. */
  readonly workFolder: string;
}

export interface DirectoryRestored {
  readonly added: number;
  readonly changed: number;
  /** Sentences without a full stop about what is not as in the backup. */
  readonly problems: readonly string[];
  /** What could not be otherwise, and should be known. */
  readonly warnings: readonly string[];
}

/** OpenLDAP's Relax Rules (draft-zeilenga-ldap-relax-03): a manager may set what else only the server sets. */
const relaxRules: Control = { controlType: "1.3.6.1.4.1.4203.666.5.12", criticality: true, controlValue: undefined };
/** What keeps an entry the same one for its clients, who made it and when, and what the password policy knows of it. */
const kept = /^(?:entryuuid|createtimestamp|creatorsname|modifytimestamp|modifiersname|pwd\w+)$/;
/** That the entry has no place, or one that is taken: with other rules it is the same. */
const placeCodes = new Set<number>([ResultCode.noSuchObject, ResultCode.entryAlreadyExists]);
/** That the rules are not relaxed for this account, whatever the entry. */
const noRelaxing = new Set<number>([
  ResultCode.unavailableCriticalExtension,
  ResultCode.insufficientAccessRights,
  ResultCode.unwillingToPerform,
]);
const groupAttributes = new Set(["member", "uniquemember"]);
/** Requests that are under way at a time. */
const window = 16;

export function markerDn(baseDn: string): string {
  return `cn=espalier-restore-in-progress,${baseDn}`;
}

/** Whether nothing is below the base, or what an interrupted restore of the same backup has left. */
export async function isDirectoryFree({ client }: OpenedNode, baseDn: string, backup: string): Promise<boolean> {
  const marker = await readEntry(client, markerDn(baseDn), ["description"]);
  if (marker !== undefined) return marker.text("description") === backup;
  try {
    await client
      .searchAll({ baseObject: baseDn, scope: "singleLevel", sizeLimit: 1, attributes: ["1.1"] })
      .then(({ entries }) => {
        if (entries.length > 0) throw new NotFree();
      });
    return true;
  } catch (error) {
    if (error instanceof NotFree) return false;
    if (!(error instanceof LdapError)) throw error;
    if (error.resultCode === ResultCode.noSuchObject) return true;
    if (error.resultCode === ResultCode.sizeLimitExceeded) return false;
    throw error;
  }
}

class NotFree extends Error {}

/** @throws BackupError, LdapError, LdapClientError; it can then be run again */
export async function restoreDirectory(restore: DirectoryRestore): Promise<DirectoryRestored> {
  const run = new Restoring(restore, await serverAttributes(restore.node));
  await run.load();
  return run.result();
}

/** Of the types that the server publishes: what nobody may set, and what it works out or keeps for itself. */
interface ServerAttributes {
  readonly unsettable: ReadonlySet<string>;
  readonly operational: ReadonlySet<string>;
}

async function serverAttributes({ client, rootDse }: OpenedNode): Promise<ServerAttributes> {
  const unsettable = new Set<string>();
  const operational = new Set<string>();
  const dn = rootDse.subschemaSubentry;
  const entry = dn === undefined ? undefined : await readEntry(client, dn, ["attributeTypes"]);
  if (entry === undefined) throw new BackupError("failed", `${client.url} does not show its schema.`);
  for (const text of entry.texts("attributeTypes")) {
    const { names, oid, noUserModification, usage } = parseAttributeType(text);
    for (const name of [oid, ...names].map((each) => each.toLowerCase())) {
      if (noUserModification) unsettable.add(name);
      if (usage !== "userApplications") operational.add(name);
    }
  }
  return { unsettable, operational };
}

class Restoring {
  readonly #restore: DirectoryRestore;
  readonly #client: LdapClient;
  readonly #attributes: ServerAttributes;
  /** What should be there afterwards, of attributes that anybody may set. */
  readonly #wanted = new SetDigest();
  #relaxes: boolean;
  #added = 0;
  #changed = 0;
  /** Entries that are new to the server, with an entryUUID and times of its own. */
  #renewed = 0;
  #isMarked = false;

  constructor(restore: DirectoryRestore, attributes: ServerAttributes) {
    this.#restore = restore;
    this.#client = restore.node.client;
    this.#attributes = attributes;
    // OpenLDAP has the control and does not list it.
    this.#relaxes = restore.node.rootDse.server === "OpenLDAP";
  }

  async load(): Promise<void> {
    const { workFolder } = this.#restore;
    const base = normalName(this.#restore.baseDn);
    await using spools = new AsyncDisposableStack();
    const newSpool = async () => spools.use(await EntrySpool.create(workFolder));
    const groups = await newSpool();
    const orphans = await newSpool();
    const put = async (entry: DirectoryEntry, waiting: EntrySpool) => {
      if (!(await this.#put(entry))) await waiting.add(entry);
    };
    /** Puts them as long as some get in. Gives those of which nothing above is there. */
    const settle = async (waiting: EntrySpool): Promise<EntrySpool> => {
      for (let before = waiting; ; ) {
        if (before.count === 0) return before;
        const after = await newSpool();
        await inParallel(
          before.entries(),
          (entry) => put(entry, after),
          () => window,
        );
        if (after.count === before.count) return after;
        before = after;
      }
    };
    await inParallel(
      entriesOf(this.#restore.entries),
      async (entry) => {
        this.#wanted.add(canonicalEntry(this.#comparable(entry)));
        if (normalName(entry.dn) === base) {
          await this.#put(entry);
          await this.#mark();
        } else if (isGroup(entry)) await groups.add(entry);
        else if (!this.#isMarked) await orphans.add(entry);
        else await put(entry, orphans);
      },
      () => (this.#isMarked ? window : 1),
    );
    if (!this.#isMarked) throw new BackupError("failed", `The backup has no entry ${this.#restore.baseDn}.`);
    // Before the groups: one who comes after a group of theirs gets no memberOf.
    const belowGroups = await settle(orphans);
    await inParallel(
      groups.entries(),
      (entry) => put(entry, belowGroups),
      () => window,
    );
    const left = await settle(belowGroups);
    if (left.count > 0) {
      throw new BackupError(
        "failed",
        `${left.count} entries have nothing above them, neither there nor in the backup.`,
      );
    }
    await inParallel(
      groups.entries(),
      (entry) => this.#joinGroups(entry),
      () => 1,
    );
    await this.#unmark();
  }

  /**
   * A server that keeps memberOf writes it into members that are there when their group is added. Of groups in groups, the inner one
   * may have come later: it is taken out of the outer one and put in again.
   */
  async #joinGroups({ dn, attributes }: DirectoryEntry): Promise<void> {
    const outer = attributes.find(({ type }) => typeOf(type) === "memberof")?.values ?? [];
    if (outer.length === 0) return;
    const there = await readEntry(this.#client, dn, ["memberOf"]);
    const joined = new Set(there?.texts("memberOf").map(normalName));
    for (const group of outer.map((value) => Buffer.from(value).toString("utf8"))) {
      if (joined.has(normalName(group))) continue;
      const members = await readEntry(this.#client, group, ["member"]);
      if (members?.texts("member").some((member) => normalName(member) === normalName(dn)) !== true) continue;
      const modification = attribute("member", dn);
      await this.#client.modify(group, [
        { operation: "delete", modification },
        { operation: "add", modification },
      ]);
    }
  }

  async result(): Promise<DirectoryRestored> {
    const found = new SetDigest();
    const search = {
      baseObject: this.#restore.baseDn,
      attributes: ["*"],
      filter: "(|(objectClass=*)(objectClass=ldapSubEntry))",
    };
    const options = { controls: [manageDsaITControl()] };
    for await (const { objectName: dn, attributes } of this.#client
      .paged(search, { pageSize: 500 }, options)
      .entries()) {
      found.add(canonicalEntry(this.#comparable({ dn, attributes })));
    }
    const wanted = this.#wanted.tally;
    const { count, digest } = found.tally;
    return {
      added: this.#added,
      changed: this.#changed,
      problems: [
        ...(count === wanted.count ? [] : [`there are ${count} entries, and ${wanted.count} in the backup`]),
        ...(count === wanted.count && digest !== wanted.digest ? ["entries have other values than in the backup"] : []),
      ],
      warnings:
        this.#renewed === 0
          ? []
          : [
              `${this.#renewed} entries have a new entryUUID and new times: the server lets this account set none (OpenLDAP: bind as the rootdn)`,
            ],
    };
  }

  #comparable({ dn, attributes }: DirectoryEntry): DirectoryEntry {
    return { dn, attributes: attributes.filter(({ type }) => !this.#attributes.operational.has(typeOf(type))) };
  }

  /** False: what is above it is not there. */
  async #put(entry: DirectoryEntry): Promise<boolean> {
    const settable = entry.attributes.filter(({ type }) => !this.#attributes.unsettable.has(typeOf(type)));
    const controls = [manageDsaITControl()];
    try {
      if (this.#relaxes) {
        const whole = entry.attributes.filter((each) => settable.includes(each) || this.#isKept(typeOf(each.type)));
        try {
          await this.#client.add(entry.dn, whole, { controls: [...controls, relaxRules] });
          this.#added += 1;
          return true;
        } catch (error) {
          if (!(error instanceof LdapError) || placeCodes.has(error.resultCode)) throw error;
          if (noRelaxing.has(error.resultCode)) this.#relaxes = false;
        }
      }
      await this.#client.add(entry.dn, settable, { controls });
      this.#added += 1;
      this.#renewed += 1;
      return true;
    } catch (error) {
      if (!(error instanceof LdapError)) throw error;
      if (error.resultCode === ResultCode.noSuchObject) return false;
      if (error.resultCode === ResultCode.entryAlreadyExists) return this.#replace({ ...entry, attributes: settable });
      throw new BackupError("failed", `${this.#restore.node.url} refuses ${entry.dn}: ${error.message}`, {
        cause: error,
      });
    }
  }

  /** Of attributes that only the server sets: those that the rules are relaxed for, where it knows them. */
  #isKept(type: string): boolean {
    return kept.test(type) && this.#attributes.unsettable.has(type);
  }

  /** Makes of the entry that is there what the backup has. */
  async #replace({ dn, attributes }: DirectoryEntry): Promise<true> {
    const there = await readEntry(this.#client, dn, ["*", ...attributes.map(({ type }) => type)]);
    const changes = there === undefined ? [] : this.#changes(there, attributes);
    if (changes.length === 0) return true;
    try {
      await this.#client.modify(dn, changes, { controls: [manageDsaITControl()] });
    } catch (error) {
      if (!(error instanceof LdapError)) throw error;
      throw new BackupError("failed", `${this.#restore.node.url} refuses to change ${dn}: ${error.message}`, {
        cause: error,
      });
    }
    this.#changed += 1;
    return true;
  }

  #changes(there: SearchEntry, wanted: readonly PartialAttribute[]): Change[] {
    const same = (one: PartialAttribute, other: PartialAttribute) => typeKey(one.type) === typeKey(other.type);
    const superfluous = there.attributes.filter(
      (each) =>
        !wanted.some((other) => same(each, other)) &&
        !this.#attributes.operational.has(typeOf(each.type)) &&
        !this.#attributes.unsettable.has(typeOf(each.type)),
    );
    const different = wanted.filter((each) => {
      const present = there.attributes.find((other) => same(each, other));
      return present === undefined || valuesKey(present) !== valuesKey(each);
    });
    return [
      ...different.map((modification): Change => ({ operation: "replace", modification })),
      ...superfluous.map(({ type }): Change => ({ operation: "delete", modification: { type, values: [] } })),
    ];
  }

  async #mark(): Promise<void> {
    const { baseDn, backup } = this.#restore;
    try {
      await this.#client.add(markerDn(baseDn), [
        attribute("objectClass", "device"),
        attribute("cn", "espalier-restore-in-progress"),
        attribute("description", backup),
      ]);
    } catch (error) {
      if (!(error instanceof LdapError) || error.resultCode !== ResultCode.entryAlreadyExists) throw error;
    }
    this.#isMarked = true;
  }

  async #unmark(): Promise<void> {
    if (this.#isMarked) await this.#client.del(markerDn(this.#restore.baseDn));
  }
}

async function readEntry(
  client: LdapClient,
  dn: string,
  attributes: readonly string[],
): Promise<SearchEntry | undefined> {
  try {
    const search = { baseObject: dn, scope: "baseObject", attributes } as const;
    return (await client.searchAll(search, { controls: [manageDsaITControl()] })).entries[0];
  } catch (error) {
    if (error instanceof LdapError && error.resultCode === ResultCode.noSuchObject) return undefined;
    throw error;
  }
}

function isGroup({ attributes }: DirectoryEntry): boolean {
  return attributes.some(({ type }) => groupAttributes.has(typeOf(type)));
}

function typeOf(description: string): string {
  return typeKey(description).split(";")[0] ?? "";
}

function typeKey(description: string): string {
  return description.toLowerCase();
}

function valuesKey({ values }: PartialAttribute): string {
  return values
    .map((value) => Buffer.from(value).toString("base64"))
    .sort()
    .join(" ");
}
