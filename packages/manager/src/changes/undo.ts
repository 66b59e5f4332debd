/** How a change set is undone: the inverses of its changes in reverse order, unless something has changed since. */
import { formatDn, isWithin, normalizeDn, type PartialAttribute, parseDn, type Schema } from "@espalier/ldap";
import { ApiError } from "../api/problem.ts";
import { type Attributes, attributesJson } from "../api/value.ts";
import type { Cluster, ServerFacts } from "../clusters/cluster.ts";
import type { Identity } from "../clusters/identity.ts";
import type { NodeConnection } from "../clusters/node-connection.ts";
import { AttributeMatching } from "./attribute-matching.ts";
import type { EntryChange } from "./change-set.ts";
import type { ChangeStepRow } from "./change-store.ts";
import { EntryImage } from "./entry-image.ts";
import { readEntryState } from "./entry-state.ts";
import { newName } from "./new-name.ts";
import type { Expectation, UndoData } from "./undo-data.ts";

/** A step that was applied, or may have been. */
export interface UndoStep extends ChangeStepRow {
  /** `undefined` where it is not known how. */
  readonly undo: UndoData | undefined;
}

/** An entry that is no more as the change left it. */
interface Drift {
  readonly dn: string;
  readonly reason: string;
  /** What the change left, what was there before it, and what is there now: of what it touched. */
  readonly left?: Attributes;
  readonly wanted?: Attributes;
  readonly current?: Attributes;
}

export interface UndoPlan {
  readonly changes: readonly EntryChange[];
  readonly warnings: readonly string[];
  readonly drifts: readonly Drift[];
}

const maxDrifts = 100;

/** @param steps the last first */
export async function planUndo(cluster: Cluster, identity: Identity, steps: readonly UndoStep[]): Promise<UndoPlan> {
  const [facts, schema] = await Promise.all([cluster.facts(identity), cluster.schema(identity)]);
  const { value } = await cluster.read(identity, (connection) => {
    return new UndoPlanner(connection, facts, schema, steps).plan();
  });
  return value;
}

/** The entry as it is, and then as the inverses that were planned so far leave it. */
interface Simulated {
  image: EntryImage | undefined;
  /** Of the entry in the directory; asserted by the first inverse, `undefined` once there is one. */
  version: string | undefined;
  /** Nobody else has changed it since. */
  readonly isUntouched: boolean;
}

class UndoPlanner {
  readonly #connection: NodeConnection;
  readonly #facts: ServerFacts;
  readonly #matching: AttributeMatching;
  readonly #steps: readonly UndoStep[];
  /** By name as it is when the step is undone. */
  readonly #entries = new Map<string, Simulated>();
  /** Renames that are planned to be undone: a name before them and the name it has now. */
  readonly #renames: { readonly before: string; readonly now: string }[] = [];
  readonly #lastVersions = new Map<string, string | null>();
  readonly #changes: EntryChange[] = [];
  readonly #warnings: string[] = [];
  readonly #drifts: Drift[] = [];

  constructor(connection: NodeConnection, facts: ServerFacts, schema: Schema, steps: readonly UndoStep[]) {
    this.#connection = connection;
    this.#facts = facts;
    this.#matching = new AttributeMatching(schema);
    this.#steps = steps;
  }

  async plan(): Promise<UndoPlan> {
    for (const step of this.#steps) {
      if (step.status !== "applied") {
        this.#warnings.push(`It is not known whether ${step.dn} was changed: it is left as it is.`);
      } else if (step.undo === undefined) {
        this.#warnings.push(`What became of ${step.dn} cannot be undone: how it was is not known any more.`);
      } else {
        await this.#undo(step, step.undo);
      }
      this.#noteVersion(step);
    }
    return { changes: this.#changes, warnings: this.#warnings, drifts: this.#drifts.slice(0, maxDrifts) };
  }

  async #undo(step: UndoStep, undo: UndoData): Promise<void> {
    this.#warnings.push(...undo.lost);
    for (const [index, change] of undo.inverse.entries()) {
      const entry = await this.#entry(change.dn, step);
      // What the first inverse finds is what the change left; the others follow it.
      const reason = index === 0 ? await this.#driftReason(change, entry, undo) : undefined;
      if (reason !== undefined) {
        this.#drifts.push(this.#drift(change, entry, undo, reason));
        return;
      }
      this.#simulate(change, entry);
    }
  }

  async #driftReason(change: EntryChange, entry: Simulated, undo: UndoData): Promise<string | undefined> {
    const { image } = entry;
    if (change.type === "add") return image === undefined ? undefined : "There is an entry of this name again.";
    if (image === undefined) return "The entry is not there any more, or you may not see it.";
    if (change.type === "delete" && (await this.#hasOthersBelow(change.dn))) {
      return "Entries have been added below it: remove them first.";
    }
    if (change.type === "modifyDn" && (await this.#entry(newName(change), undefined)).image !== undefined) {
      return "There is another entry with the name that it had.";
    }
    if (entry.isUntouched) return undefined;
    const isLeft = undo.left.every((expectation) => this.#meets(image, expectation));
    const known = new Set(undo.left.map(({ type }) => this.#matching.key(type)));
    const isAll = image.attributes.every(({ type }) => known.has(this.#matching.key(type)));
    return isLeft && (!undo.leftIsAll || isAll) ? undefined : "It has been changed since.";
  }

  #meets(image: EntryImage, { type, exactly, present = [], absent = [] }: Expectation): boolean {
    if (exactly !== undefined && !image.hasExactly(type, exactly)) return false;
    return present.every((value) => image.has(type, value)) && !absent.some((value) => image.has(type, value));
  }

  async #hasOthersBelow(dn: string): Promise<boolean> {
    const gone = [...this.#entries].filter(([, { image }]) => image === undefined).map(([key]) => key);
    const { entries } = await this.#connection
      .searchAll({
        ...{ baseObject: this.#nameNow(dn), scope: "singleLevel", filter: "(objectClass=*)" },
        ...{ attributes: ["1.1"], sizeLimit: gone.length + 1 },
      })
      .catch((error: { readonly entries?: readonly { readonly objectName: string }[] }) => {
        if (error.entries === undefined) throw error;
        return { entries: error.entries };
      });
    return entries.some(({ objectName }) => !gone.includes(this.#key(objectName)));
  }

  #simulate(change: EntryChange, entry: Simulated): void {
    const { version } = entry;
    const key = this.#key(change.dn);
    switch (change.type) {
      case "add":
        this.#changes.push(change);
        entry.image = EntryImage.of(change.attributes, this.#matching);
        break;
      case "delete":
        this.#changes.push({ ...change, version });
        entry.image = undefined;
        break;
      case "modify":
        this.#changes.push({ ...change, version });
        entry.image = entry.image?.after(change.changes);
        break;
      case "modifyDn": {
        this.#changes.push({ ...change, version });
        const before = newName(change);
        this.#renames.push({ before, now: change.dn });
        this.#entries.set(key, { image: undefined, version: undefined, isUntouched: true });
        this.#entries.set(this.#key(before), entry);
        break;
      }
      case "password":
        break;
    }
    entry.version = undefined;
  }

  /** @param step which left it so */
  async #entry(dn: string, step: UndoStep | undefined): Promise<Simulated> {
    const key = this.#key(dn);
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const state = await readEntryState(this.#connection, this.#nameNow(dn), ["*"], this.#facts);
    const version = state?.version;
    const entry: Simulated = {
      image: state === undefined ? undefined : EntryImage.of(state.attributes, this.#matching),
      version,
      isUntouched: version !== undefined && version === (this.#lastVersions.get(key) ?? step?.version),
    };
    this.#entries.set(key, entry);
    return entry;
  }

  /** A password that was set after an entry was added changes its version: it is this set's doing all the same. */
  #noteVersion({ new_dn, dn, version }: UndoStep): void {
    const key = this.#key(new_dn ?? dn);
    if (!this.#lastVersions.has(key)) this.#lastVersions.set(key, version);
  }

  /** The name that an entry has in the directory now which is to be called `dn` when its step is undone. */
  #nameNow(dn: string): string {
    let name = dn;
    for (const { before, now } of this.#renames.toReversed()) {
      const [key, beforeKey] = [this.#key(name), this.#key(before)];
      if (!isWithin(key, beforeKey)) continue;
      const own = parseDn(name);
      name = formatDn([...own.slice(0, own.length - parseDn(before).length), ...parseDn(now)]);
    }
    return name;
  }

  #key(dn: string): string {
    return normalizeDn(dn, this.#matching.schema);
  }

  #drift(change: EntryChange, { image }: Simulated, undo: UndoData, reason: string): Drift {
    const touched = new Set(undo.left.map(({ type }) => this.#matching.key(type)));
    const json = (attributes: readonly PartialAttribute[]) => attributesJson(attributes);
    const shown = undo.leftIsAll || touched.size === 0 ? image : image?.only(touched);
    const left = undo.left.map(({ type, exactly, present = [] }) => ({ type, values: exactly ?? present }));
    const wanted = change.type === "modify" ? EntryImage.of(left, this.#matching).after(change.changes) : undefined;
    return {
      ...{ dn: change.dn, reason },
      ...(left.length === 0 ? {} : { left: json(left) }),
      ...(wanted === undefined ? {} : { wanted: json(wanted.attributes) }),
      ...(shown === undefined ? {} : { current: json(shown.attributes) }),
    };
  }
}

/** @throws ApiError `conflict` with every entry that is no more as it was left; `gone` where there is nothing to undo */
export function checkPlan({ changes, warnings, drifts }: UndoPlan): void {
  if (drifts.length > 0) {
    const [first] = drifts;
    const more = drifts.length > 1 ? ` So it is with ${drifts.length - 1} more.` : "";
    throw new ApiError("conflict", `This cannot be undone. ${first?.dn}: ${first?.reason}${more}`, {
      details: { drifts },
    });
  }
  if (changes.length === 0) {
    throw new ApiError("gone", `There is nothing that can be undone. ${warnings.join(" ")}`.trim());
  }
}
