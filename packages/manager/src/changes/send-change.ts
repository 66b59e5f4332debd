/** One change, sent once to the node that takes writes: with what was read asserted (RFC 4528) and what it was before kept (RFC 4527). */
import {
  assertionControl,
  type Change,
  type Control,
  decodePostReadResponse,
  decodePreReadResponse,
  findControl,
  Oid,
  parseRdn,
  passwordPolicyControl,
  postReadControl,
  preReadControl,
  ResultCode,
} from "@espalier/ldap";
import { OperationError, type OperationResult } from "@espalier/ldap/client";
import { ApiError, type Problem } from "../api/problem.ts";
import { asApiError } from "../api/problem-of-error.ts";
import type { Cluster, ServerFacts } from "../clusters/cluster.ts";
import type { Identity } from "../clusters/identity.ts";
import type { NodeConnection } from "../clusters/node-connection.ts";
import { generatePassword } from "../passwords/generate.ts";
import { AttributeMatching } from "./attribute-matching.ts";
import type { ChangeStatus, EntryChange, SetPassword } from "./change-set.ts";
import { controlState, type EntryState, readEntryState } from "./entry-state.ts";
import { newName, ownRdn } from "./new-name.ts";
import { hashedAttribute, hashedChange, hashPassword, hashSchemeOf } from "./password-hash.ts";
import { refusal, setsPassword } from "./refusal.ts";
import { type ThreeWay, threeWay } from "./three-way.ts";
import { touchedType } from "./touched-attributes.ts";
import { unicodePwdChanges } from "./unicode-pwd.ts";

/** What became of it, and what was learnt of the entry. */
export interface Sent {
  readonly status: Exclude<ChangeStatus, "not_tried">;
  readonly problem?: Problem;
  /** `undefined` where nothing was sent. */
  readonly node: string | undefined;
  /** As it was sent: with passwords hashed. */
  readonly change: EntryChange;
  /** Of what the change touches, as far as it could be read. */
  readonly before?: EntryState | undefined;
  readonly after?: EntryState | undefined;
  readonly generatedPassword?: string | undefined;
}

/**
 * Never throws, and never sends it again.
 *
 * @param as gives whom to act as, while they are signed in
 */
export async function sendChange(cluster: Cluster, as: () => Identity, change: EntryChange): Promise<Sent> {
  let prepared = change;
  let used: NodeConnection | undefined;
  try {
    const identity = as();
    const [facts, schema] = await Promise.all([cluster.facts(identity), cluster.schema(identity)]);
    prepared = preparedChange(change, facts);
    const { value, node } = await cluster.write(identity, (connection) => {
      used = connection;
      return new Sender(connection, facts, new AttributeMatching(schema)).send(prepared);
    });
    return { ...value, node };
  } catch (error) {
    const problem = asApiError(error, used?.node);
    // Of several nodes that were tried, only the last can have got it.
    if (used === undefined || used.writesSent === 0) {
      return { status: "failed", problem: problem.toProblem(), node: undefined, change: prepared };
    }
    const title = `${used.node} had the change when its answer was lost: it may have been made. Look at the entry before you try again.`;
    const inDoubt = problem.code === "in_doubt" ? problem : new ApiError("in_doubt", title, { cause: error });
    return { status: "in_doubt", problem: inDoubt.toProblem(), node: used.node, change: prepared };
  }
}

function preparedChange(change: EntryChange, { vendor }: ServerFacts): EntryChange {
  const scheme = hashSchemeOf(vendor);
  if (change.type === "add") {
    return { ...change, attributes: change.attributes.map((attribute) => hashedAttribute(attribute, scheme)) };
  }
  if (change.type === "modify") return { ...change, changes: change.changes.map((each) => hashedChange(each, scheme)) };
  return change;
}

class Sender {
  readonly #connection: NodeConnection;
  readonly #facts: ServerFacts;
  readonly #matching: AttributeMatching;

  constructor(connection: NodeConnection, facts: ServerFacts, matching: AttributeMatching) {
    this.#connection = connection;
    this.#facts = facts;
    this.#matching = matching;
  }

  async send(change: EntryChange): Promise<Omit<Sent, "node">> {
    try {
      if (change.type === "password") return await this.#password(change);
      const selection = this.#selection(change);
      const early = await this.#look(change, selection);
      if (early !== undefined && this.#isOutdated(change, early)) return await this.#conflict(change, early);
      return await this.#write(change, selection, early);
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      return await this.#refused(change, error);
    }
  }

  async #write(
    change: Exclude<EntryChange, SetPassword>,
    selection: readonly string[],
    early: EntryState | undefined,
  ): Promise<Omit<Sent, "node">> {
    const { controls } = await this.#operate(change, this.#controls(change, selection));
    const pre = controlState(findControl(controls, Oid.preRead), decodePreReadResponse, this.#facts);
    const posted = controlState(findControl(controls, Oid.postRead), decodePostReadResponse, this.#facts);
    const after = posted ?? (await this.#lookAfter(change, selection));
    return { status: "applied", change, before: pre ?? early, after };
  }

  #operate(change: Exclude<EntryChange, SetPassword>, controls: readonly Control[]): Promise<OperationResult> {
    const options = { controls };
    switch (change.type) {
      case "add":
        return this.#connection.add(change.dn, change.attributes, options);
      case "modify":
        return this.#connection.modify(change.dn, change.changes, options);
      case "modifyDn": {
        const { dn, newRdn, deleteOldRdn, newSuperior } = change;
        const name = { newRdn, deleteOldRdn, ...(newSuperior === undefined ? {} : { newSuperior }) };
        return this.#connection.modifyDn(dn, name, options);
      }
      case "delete":
        return this.#connection.del(change.dn, options);
    }
  }

  /** Which attributes show what the change touches. Memberships are named by the change itself where it names single ones. */
  #selection(change: Exclude<EntryChange, SetPassword>): readonly string[] {
    switch (change.type) {
      case "add":
        return [];
      case "delete":
        return ["*"];
      case "modifyDn": {
        const avas = [...ownRdn(change.dn), ...parseRdn(change.newRdn)];
        return [...new Set(avas.map(({ type }) => type))];
      }
      case "modify":
        return [...new Set(change.changes.filter((each) => !this.#isSelfEvident(each)).map(touchedType))];
    }
  }

  #isSelfEvident({ operation, modification: { type, values } }: Change): boolean {
    const namesThem = operation === "add" || (operation === "delete" && values.length > 0);
    return namesThem && this.#matching.isMembership(type);
  }

  #controls(change: Exclude<EntryChange, SetPassword>, selection: readonly string[]): Control[] {
    const { supportedControls, versionAttribute } = this.#facts;
    const version = "version" in change ? change.version : undefined;
    const controls: Control[] = [];
    if (version !== undefined && supportedControls.has(Oid.assertion)) {
      const value = Buffer.from(version);
      controls.push(assertionControl({ type: "equalityMatch", attribute: versionAttribute, value }));
    }
    if (change.type !== "add" && supportedControls.has(Oid.preRead)) {
      controls.push(preReadControl([...selection, versionAttribute]));
    }
    if (change.type !== "delete" && supportedControls.has(Oid.postRead)) {
      controls.push(postReadControl([...selection, versionAttribute]));
    }
    if (setsPassword(change) && supportedControls.has(Oid.passwordPolicy)) controls.push(passwordPolicyControl());
    return controls;
  }

  /**
   * Reads the entry first where the server has no controls for it. What somebody else changes between this and the write goes
   * unseen, but for values that the change deletes by name.
   */
  async #look(
    change: Exclude<EntryChange, SetPassword>,
    selection: readonly string[],
  ): Promise<EntryState | undefined> {
    if (change.type === "add") return undefined;
    const { supportedControls } = this.#facts;
    const isAsserted = change.version !== undefined && supportedControls.has(Oid.assertion);
    const isToBeCompared = change.version !== undefined || this.#unguarded(change).length > 0;
    if (supportedControls.has(Oid.preRead) && (isAsserted || !isToBeCompared)) return undefined;
    return readEntryState(this.#connection, change.dn, selection, this.#facts);
  }

  #isOutdated(change: Exclude<EntryChange, SetPassword>, { attributes, version }: EntryState): boolean {
    if (change.type === "add") return false;
    const isOther = change.version !== undefined && version !== undefined && version !== change.version;
    if (isOther) return true;
    // A time stamp of seconds does not tell two changes of one second apart.
    if (change.type !== "modify" || change.read === undefined) return false;
    const replaced = this.#unguarded(change);
    const { attributes: changed } = threeWay(replaced, change.read, attributes, this.#matching);
    const keys = new Set(replaced.map((each) => this.#matching.key(touchedType(each))));
    return changed.some(({ name, changedByOthers }) => changedByOthers && keys.has(this.#matching.key(name)));
  }

  /** Changes that would undo those of others unseen, for they name no values; where it is known what they are to be compared with. */
  #unguarded(change: Exclude<EntryChange, SetPassword>): readonly Change[] {
    if (change.type !== "modify" || change.read === undefined) return [];
    return change.changes.filter(({ operation, modification: { type, values } }) => {
      return (
        operation === "replace" || (operation === "delete" && values.length === 0) || !this.#matching.namesValues(type)
      );
    });
  }

  async #lookAfter(
    change: Exclude<EntryChange, SetPassword>,
    selection: readonly string[],
  ): Promise<EntryState | undefined> {
    if (change.type === "add" || change.type === "delete") return undefined;
    return this.#lookLater(change.type === "modifyDn" ? newName(change) : change.dn, selection);
  }

  /** After the change was made: that this fails does not put the change in doubt. */
  async #lookLater(dn: string, selection: readonly string[]): Promise<EntryState | undefined> {
    try {
      return await readEntryState(this.#connection, dn, selection, this.#facts);
    } catch {
      return undefined;
    }
  }

  async #refused(change: EntryChange, error: OperationError): Promise<Omit<Sent, "node">> {
    const isConditional = "version" in change && change.version !== undefined;
    const hasRead = change.type === "modify" && change.read !== undefined;
    if (isConditional || hasRead) {
      if (error.resultCode === ResultCode.assertionFailed) return this.#conflict(change, undefined, error);
      if (hasRead && codesOfDrift.has(error.resultCode)) {
        const conflict = await this.#conflict(change, undefined, error);
        if (isDrift(conflict.problem)) return conflict;
      }
    }
    const problem = refusal(error, change, this.#connection.node).toProblem();
    return { status: "failed", problem, change };
  }

  /** Says what is there now beside what was read. */
  async #conflict(change: EntryChange, seen?: EntryState, error?: OperationError): Promise<Omit<Sent, "node">> {
    const extra = error === undefined ? {} : refusal(error, change, this.#connection.node).extra;
    const conflict = (details: Record<string, unknown>) =>
      new ApiError("conflict", "The entry has changed since it was read.", { ...extra, details }).toProblem();
    if (change.type !== "modify") {
      const current = seen ?? (await this.#lookLater(change.dn, []));
      const version = current?.version === undefined ? {} : { version: current.version };
      return { status: "conflict", problem: conflict(version), change };
    }
    const names = [...change.changes.map(touchedType), ...Object.keys(change.read ?? {})];
    const current = await this.#lookLater(change.dn, [...new Set(names)]);
    if (current === undefined) return { status: "conflict", problem: conflict({}), change };
    if (error?.resultCode === ResultCode.assertionFailed && current.version === change.version) {
      const title = `The directory does not let you compare ${this.#facts.versionAttribute}, so it cannot be made sure that nobody else has changed the entry.`;
      const problem = new ApiError("refused_by_directory", title, extra).toProblem();
      return { status: "failed", problem, change };
    }
    const details = threeWay(change.changes, change.read, current.attributes, this.#matching);
    const version = current.version === undefined ? {} : { version: current.version };
    return { status: "conflict", problem: conflict({ ...details, ...version }), change };
  }

  /** RFC 3062 where the server has it; else as Active Directory wants it, or userPassword itself, hashed where the server would not. */
  async #password(change: SetPassword): Promise<Omit<Sent, "node">> {
    const { dn, newPassword, oldPassword } = change;
    const { supportedControls, supportedExtensions, vendor } = this.#facts;
    const controls = supportedControls.has(Oid.passwordPolicy) ? [passwordPolicyControl()] : [];
    if (supportedExtensions.has(Oid.passwordModify)) {
      const passwords = {
        userIdentity: dn,
        ...(newPassword === undefined ? {} : { newPasswd: newPassword }),
        ...(oldPassword === undefined ? {} : { oldPasswd: oldPassword }),
      };
      const { genPasswd } = await this.#connection.passwordModify(passwords, { controls });
      const generatedPassword = genPasswd === undefined ? undefined : Buffer.from(genPasswd).toString();
      return { status: "applied", change, after: await this.#lookLater(dn, []), generatedPassword };
    }
    const generated = newPassword === undefined ? generatePassword() : undefined;
    const password = newPassword ?? generated ?? "";
    if (vendor === "active-directory") {
      await this.#connection.modify(dn, unicodePwdChanges(password, oldPassword), { controls });
      return { status: "applied", change, after: await this.#lookLater(dn, []), generatedPassword: generated };
    }
    if (oldPassword !== undefined) {
      const title = "This server cannot check the old password: it lacks the Password Modify operation (RFC 3062).";
      return { status: "failed", problem: new ApiError("refused_by_directory", title).toProblem(), change };
    }
    const clear = Buffer.from(password);
    const scheme = hashSchemeOf(vendor);
    const value = scheme === undefined ? clear : Buffer.from(hashPassword(clear, scheme));
    const replaced: Change = { operation: "replace", modification: { type: "userPassword", values: [value] } };
    await this.#connection.modify(dn, [replaced], { controls });
    return { status: "applied", change, after: await this.#lookLater(dn, []), generatedPassword: generated };
  }
}

/** What a server answers to a change of single values where somebody else was first. */
const codesOfDrift: ReadonlySet<number> = new Set([
  ResultCode.noSuchAttribute,
  ResultCode.attributeOrValueExists,
  ResultCode.constraintViolation,
  ResultCode.objectClassViolation,
]);

function isDrift(problem: Problem | undefined): boolean {
  const { attributes = [] } = (problem?.details ?? {}) as unknown as Partial<ThreeWay>;
  return attributes.some(({ changedByOthers }) => changedByOthers);
}
