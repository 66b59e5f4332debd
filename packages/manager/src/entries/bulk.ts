/** The same edits on many entries, each worked out from what the entry has. */
import { type Change, parseDn } from "@espalier/ldap";
import type { SearchEntry } from "@espalier/ldap/client";
import { ApiError } from "../api/problem.ts";
import { isSecretAttribute, type Value, valueBytes, valueJson } from "../api/value.ts";
import { AttributeMatching } from "../changes/attribute-matching.ts";
import type { ModifyEntry } from "../changes/change-set.ts";
import { diffAttributes } from "../changes/diff.ts";
import { EntryImage } from "../changes/entry-image.ts";
import { Lockouts } from "./account/lockout.ts";
import type { AccountAction } from "./account/mechanism.ts";
import { accountAttributes, accountChanges, requireForAccount } from "./account.ts";
import type { Plan } from "./plan.ts";
import { checkedValues } from "./value-checks.ts";
import type { DirectoryView, Subtree } from "./view.ts";

interface BulkEdit {
  readonly attribute: string;
  /** `clear` removes all values; `remove` those that are given. */
  readonly action: "add" | "remove" | "replace" | "clear";
  readonly values: readonly Value[];
}

type Selection = Omit<Subtree, "attributes"> | readonly string[];

/** What is to be done to each: edits, or one action on the account. */
export type BulkWork = { readonly edits: readonly BulkEdit[] } | { readonly account: AccountAction };

export interface BulkRequest {
  readonly select: Selection;
  readonly work: BulkWork;
  /** How many entries the person was told would change. */
  readonly expected?: number | undefined;
  readonly preview: boolean;
  readonly nowMs: number;
}

interface EntryEdit {
  readonly dn: string;
  readonly changes: readonly {
    readonly operation: Change["operation"];
    readonly attribute: string;
    readonly values: readonly Value[];
  }[];
}

export interface BulkPlan extends Plan {
  /** Per entry, what changes. */
  readonly entries: readonly EntryEdit[];
  /** Entries that are left as they are, and why. */
  readonly refused: readonly { readonly dn: string; readonly reason: string }[];
}

const maxBulkEntries = 10_000;

/** @throws ApiError */
export async function planBulk(view: DirectoryView, request: BulkRequest): Promise<BulkPlan> {
  const { session } = view.actor;
  const { name: cluster } = view.cluster;
  const { versionAttribute } = await view.facts();
  const worker = "edits" in request.work ? await editor(view, request.work.edits) : await accounts(view, request);
  const selected = await selectedEntries(view, request.select, [...worker.attributes, versionAttribute]);
  const requires = "edits" in request.work ? ("write" as const) : ("password" as const);
  const changes: ModifyEntry[] = [];
  const refused: { dn: string; reason: string }[] = [...selected.missing];
  for (const entry of selected.entries) {
    const dn = entry.objectName;
    try {
      if ("edits" in request.work) session.require(requires, cluster, dn);
      else await requireForAccount(view, dn);
      const wanted = await worker.changesOf(entry);
      const version = entry.text(versionAttribute);
      if (wanted.length > 0) changes.push({ type: "modify", dn, changes: wanted, version });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      refused.push({ dn, reason: error.message });
    }
  }
  if (!request.preview && request.expected !== undefined && request.expected !== changes.length) {
    throw new ApiError(
      "conflict",
      `${changes.length} entries would be changed, and not ${request.expected}: look again.`,
      {
        details: { entries: changes.length, expected: request.expected },
      },
    );
  }
  const found = selected.entries.length + selected.missing.length;
  return {
    title:
      "edits" in request.work
        ? `Bulk edit of ${changes.length} entries`
        : `${request.work.account} ${changes.length} accounts`,
    changes,
    continues: true,
    requires,
    counts: {
      selected: found,
      changed: changes.length,
      unchanged: found - changes.length - refused.length,
      refused: refused.length,
    },
    warnings: [...worker.warnings],
    entries: changes.map(entryEdit),
    refused,
  };
}

interface Worker {
  readonly attributes: readonly string[];
  /** Of the entries so far. */
  readonly warnings: ReadonlySet<string>;
  /** @throws ApiError with why this entry is left as it is */
  changesOf(entry: SearchEntry): Promise<readonly Change[]>;
}

async function accounts(view: DirectoryView, { work, nowMs }: BulkRequest): Promise<Worker> {
  const [facts, schema] = await Promise.all([view.facts(), view.schema()]);
  const action = "account" in work ? work.account : "unlock";
  const lockouts = new Lockouts(view);
  const warnings = new Set<string>();
  return {
    attributes: accountAttributes,
    warnings,
    async changesOf(entry) {
      const lockout = await lockouts.of(entry);
      const { changes, warnings: more } = accountChanges(action, { entry, facts, schema, lockout, nowMs });
      for (const warning of more) warnings.add(warning);
      return changes;
    },
  };
}

async function editor(view: DirectoryView, edits: readonly BulkEdit[]): Promise<Worker> {
  const schema = await view.schema();
  const matching = new AttributeMatching(schema);
  const changes = edits.map((edit) => changeOf(edit, matching));
  return {
    attributes: [...new Set(changes.map(({ modification }) => modification.type))],
    warnings: new Set(),
    async changesOf(entry) {
      const present = EntryImage.of(
        entry.attributes.filter(({ type }) =>
          changes.some((change) => matching.key(change.modification.type) === matching.key(type)),
        ),
        matching,
      );
      const wanted = present.after(changes);
      checkName(entry.objectName, present, wanted);
      return diffAttributes(present.attributes, wanted.attributes, schema);
    },
  };
}

/** @throws ApiError `invalid_request` */
function changeOf({ attribute, action, values }: BulkEdit, matching: AttributeMatching): Change {
  const wrong = (message: string) =>
    new ApiError("invalid_request", message, { errors: [{ path: `edit.${attribute}`, message }] });
  if (isSecretAttribute(attribute)) throw wrong(`${attribute} is a secret: passwords are set one by one.`);
  if (!matching.isUserAttribute(attribute)) throw wrong(`${attribute} is kept by the server.`);
  if (action === "clear" ? values.length > 0 : values.length === 0) {
    throw wrong(action === "clear" ? "To clear takes no values." : `To ${action} takes values.`);
  }
  const [checked = { type: attribute, values: [] }] = checkedValues([
    { type: attribute, values: values.map((value) => valueBytes(attribute, value)) },
  ]);
  const operations = { add: "add", remove: "delete", replace: "replace", clear: "replace" } as const;
  return { operation: operations[action], modification: checked };
}

/** The values of its name cannot go (RFC 4511 §4.6): that is renaming. */
function checkName(dn: string, present: EntryImage, wanted: EntryImage): void {
  const encoder = new TextEncoder();
  for (const { type, value } of parseDn(dn)[0] ?? []) {
    const bytes = typeof value === "string" ? encoder.encode(value) : value;
    if (present.has(type, bytes) && !wanted.has(type, bytes)) {
      throw new ApiError("invalid_request", `${type} names it: rename it in place of changing that.`);
    }
  }
}

async function selectedEntries(view: DirectoryView, select: Selection, attributes: readonly string[]) {
  const isList = (selection: Selection): selection is readonly string[] => Array.isArray(selection);
  if (!isList(select)) {
    const bounds = { limit: maxBulkEntries, what: "entries selected", advice: "Select fewer, in several turns." };
    return { entries: await view.collect({ ...select, attributes }, bounds, (entry) => entry), missing: [] };
  }
  const dns = [...new Set(select)];
  const found = await view.entriesIfThere(dns, attributes);
  return {
    entries: found.filter((entry) => entry !== undefined),
    missing: dns
      .filter((_, index) => found[index] === undefined)
      .map((dn) => ({ dn, reason: "There is no such entry, or you may not see it." })),
  };
}

function entryEdit({ dn, changes }: ModifyEntry): EntryEdit {
  return {
    dn,
    changes: changes.map(({ operation, modification: { type, values } }) => ({
      operation,
      attribute: type,
      values: values.map((value) => valueJson(type, value)),
    })),
  };
}
