/** What an import would do, as far as it can be told without writing. The server has the last word. */
import { createHash } from "node:crypto";
import { formatDn, normalizeDn, normalizedParent, parseDn } from "@espalier/ldap";
import { ApiError } from "../api/problem.ts";
import { asApiError } from "../api/problem-of-error.ts";
import type { AddEntry, ModifyEntryDn } from "../changes/change-set.ts";
import { type ImportTarget, isNoSuchEntry, readForUpdate, updateChanges } from "./apply-import.ts";
import { attributeProblems, type EntryRules, entryProblems, nameProblem } from "./entry-rules.ts";
import type { ImportItem } from "./import-item.ts";
import { failed, type Outcome, problemOutcome } from "./outcome.ts";

export class DryRun {
  readonly #target: ImportTarget;
  readonly #rules: EntryRules;
  readonly #namingContexts: ReadonlySet<string>;
  /** What the file has done so far, by a digest of the name: the line that adds the entry, or 0 where it is gone. */
  readonly #file = new Map<string, number>();
  /** The last names that were looked for in the directory. */
  readonly #known = new Map<string, Promise<boolean>>();

  /** @param namingContexts entries with nothing above them */
  constructor(target: ImportTarget, rules: EntryRules, namingContexts: readonly string[]) {
    this.#target = target;
    this.#rules = rules;
    this.#namingContexts = new Set(namingContexts.map((dn) => normalizeDn(dn, target.schema)));
  }

  /** To be called in the order of the file. What it finds in the file alone it finds at once. */
  async check(item: ImportItem): Promise<Outcome> {
    try {
      const { dn } = item.change;
      const wrongName = nameProblem(dn);
      if (wrongName !== undefined) return failed("invalid_request", wrongName);
      const { cluster, actor } = this.#target;
      if (!actor.session.may("write", cluster.name, dn))
        return failed("not_allowed", "Your roles do not let you change this entry.");
      return await this.#checkChange(item);
    } catch (error) {
      return problemOutcome(asApiError(error).toProblem());
    }
  }

  #checkChange({ line, change }: ImportItem): Promise<Outcome> {
    const name = this.#key(change.dn);
    const inFile = this.#file.get(name);
    switch (change.type) {
      case "add":
        this.#file.set(name, line);
        return this.#checkAdd(change, inFile);
      case "delete":
        this.#file.set(name, 0);
        return this.#checkThere(change.dn, inFile, []);
      case "modify":
        return this.#checkThere(
          change.dn,
          inFile,
          change.changes.flatMap(({ modification }) => attributeProblems(modification, this.#rules.schema)),
        );
      case "modifyDn":
        this.#file.set(name, 0);
        this.#file.set(this.#key(renamed(change)), line);
        return this.#checkThere(change.dn, inFile, [nameProblem(change.newRdn) ?? []].flat());
    }
  }

  async #checkAdd(change: AddEntry, inFile: number | undefined): Promise<Outcome> {
    const { mode, schema } = this.#target;
    if (inFile !== undefined && inFile > 0 && mode === "add") {
      return failed("already_exists", `The entry is in the file already, on line ${inFile}.`);
    }
    const parent = normalizedParent(normalizeDn(change.dn, schema)) ?? "";
    const parentInFile = this.#file.get(this.#digest(parent));
    const there = inFile === undefined ? await readForUpdate(change, this.#target) : undefined;
    if (there !== undefined) {
      if (mode === "add") return failed("already_exists", "There is an entry with this name already.");
      const problems = change.attributes.flatMap((attribute) => attributeProblems(attribute, schema));
      if (problems.length > 0) return failed("invalid_request", problems.join(" "));
      return {
        status: updateChanges(there.attributes, change.attributes, schema).length === 0 ? "unchanged" : "applied",
      };
    }
    const problems = entryProblems(change.dn, change.attributes, this.#rules);
    const isTop = parent === "" || this.#namingContexts.has(normalizeDn(change.dn, schema));
    const hasParent = isTop || (parentInFile === undefined ? await this.#isThere(parent) : parentInFile > 0);
    if (!hasParent) problems.push("There is no entry above it, neither in the directory nor earlier in the file.");
    return outcomeOf(problems);
  }

  async #checkThere(dn: string, inFile: number | undefined, problems: readonly string[]): Promise<Outcome> {
    const isThere = inFile === undefined ? await this.#isThere(dn) : inFile > 0;
    if (!isThere) return failed("no_such_entry", "There is no such entry, or you may not see it.");
    return outcomeOf(problems);
  }

  #isThere(dn: string): Promise<boolean> {
    const key = this.#key(dn);
    let known = this.#known.get(key);
    if (known === undefined) {
      known = readForUpdate({ type: "add", dn, attributes: [] }, this.#target).then(
        (entry) => entry !== undefined,
        (error: unknown) => {
          if (isNoSuchEntry(error) || (error instanceof ApiError && error.code === "not_allowed")) return false;
          throw error;
        },
      );
      this.#known.set(key, known);
      const [oldest] = this.#known.size > maxKnown ? this.#known.keys() : [];
      if (oldest !== undefined) this.#known.delete(oldest);
    }
    return known;
  }

  #key(dn: string): string {
    return this.#digest(normalizeDn(dn, this.#target.schema));
  }

  /** Short, for files of a million entries. */
  #digest(name: string): string {
    return createHash("sha256").update(name).digest().toString("latin1", 0, 10);
  }
}

/** Entries above others: there are few of them. */
const maxKnown = 10_000;

function outcomeOf(problems: readonly string[]): Outcome {
  return problems.length === 0 ? { status: "applied" } : failed("invalid_request", problems.join(" "));
}

function renamed({ dn, newRdn, newSuperior }: ModifyEntryDn): string {
  const above = newSuperior ?? formatDn(parseDn(dn).slice(1));
  return above === "" ? newRdn : `${newRdn},${above}`;
}
