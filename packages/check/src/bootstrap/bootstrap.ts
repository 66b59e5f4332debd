/**
 * The LDIF of a new directory out of a plan. A hash that is deployed stays as long as its password verifies, so that the same plan
 * gives the same bytes; one that would change is refused.
 */
import { formatLdifRecord } from "@espalier/ldap";
import { type DeployedFile, type LiveAccount, type LiveDirectory, nameKey } from "./deployed.ts";
import { type PlannedEntry, plannedEntries } from "./entries.ts";
import { hashPassword, schemeOf } from "./password-hash.ts";
import { readPassword } from "./password-source.ts";
import type { BootstrapPlan } from "./plan.ts";

/** Says whether a stored hash is that of a password; `unknown` for a scheme that it does not know. */
export type VerifyPassword = (stored: string, password: Uint8Array) => Promise<"match" | "mismatch" | "unknown">;

export interface BootstrapOptions {
  readonly plan: BootstrapPlan;
  /** Where the plan is: files of passwords are relative to it. */
  readonly planFile: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly verify: VerifyPassword;
  /** What was written before. */
  readonly deployed?: DeployedFile | undefined;
  readonly live?: LiveDirectory | undefined;
  /** Writes new hashes where the deployed ones do not fit the plan, in its scheme. */
  readonly isForced?: boolean;
}

export interface Bootstrap {
  readonly ldif: string;
  /** DNs. */
  readonly kept: readonly string[];
  readonly made: readonly string[];
  /** Of hashes that are of another scheme than the plan's, and stay: DN and scheme. */
  readonly otherSchemes: readonly { readonly dn: string; readonly scheme: string }[];
  /** What would change that is deployed, as clauses; where there is one the result must not be written. */
  readonly refusals: readonly { readonly dn: string; readonly reason: string }[];
}

/** No `version: 1`: RFC 2849 lets it be left out, and slapadd takes it for an entry without a name. */
const head = "# Made by espalier bootstrap, for a new directory. Passwords are changed in the directory, not here.\n";

/** @throws {BootstrapError} for a password that cannot be had. */
export async function bootstrap(options: BootstrapOptions): Promise<Bootstrap> {
  const { plan, deployed = new Map(), isForced = false } = options;
  const kept: string[] = [];
  const made: string[] = [];
  const otherSchemes: Bootstrap["otherSchemes"][number][] = [];
  const refusals: Bootstrap["refusals"][number][] = [];
  const blocks: string[] = [];
  const entries = plannedEntries(plan);
  const passwords = new Map(entries.map((entry) => [entry, passwordOf(entry, options)]));
  for (const entry of entries) {
    const password = passwords.get(entry);
    const before = deployed.get(nameKey(entry.dn))?.values ?? [];
    let values: readonly string[] = [];
    if (password !== undefined) {
      const decision = await decide(entry, password, before, options);
      if (decision.refusal !== undefined) refusals.push({ dn: entry.dn, reason: decision.refusal });
      values = decision.values ?? [hashPassword(password, plan.scheme)];
      (decision.values === undefined ? made : kept).push(entry.dn);
      const scheme = decision.values?.map(schemeOf).find((each) => each !== plan.scheme);
      if (scheme !== undefined) otherSchemes.push({ dn: entry.dn, scheme });
    } else if (before.length > 0 && !isForced) {
      refusals.push({ dn: entry.dn, reason: "has a password, and none in the plan" });
    }
    blocks.push(formatEntry(entry, values));
  }
  if (!isForced) refusals.push(...dropped(entries, deployed));
  return { ldif: head + blocks.join("\n"), kept, made, otherSchemes, refusals };
}

function passwordOf(entry: PlannedEntry, options: BootstrapOptions): Buffer | undefined {
  return entry.password === undefined ? undefined : readPassword(entry.password, entry.dn, options);
}

/** `values` are what stays; without them a hash is made. */
interface Decision {
  readonly values?: readonly string[];
  readonly refusal?: string;
}

async function decide(
  entry: PlannedEntry,
  password: Buffer,
  before: readonly string[],
  { live, plan, verify, isForced = false }: BootstrapOptions,
): Promise<Decision> {
  const fits = (values: readonly string[]) => values.every((value) => schemeOf(value) === plan.scheme);
  const keep = (values: readonly string[]): Decision => (isForced && !fits(values) ? {} : { values });
  const refuse = (refusal: string): Decision => (isForced ? {} : { refusal });
  const ofFile = before.length === 0 ? "none" : await verifyAny(before, password, verify);
  const account: LiveAccount = (await live?.look(entry.dn, password, entry.isAdministrator)) ?? { kind: "absent" };
  switch (account.kind) {
    case "hash":
      switch (await verifyAny(account.values, password, verify)) {
        case "match":
          return keep(account.values);
        case "mismatch":
          return refuse("has another password in the directory than in the plan");
        case "unknown":
          return refuse(
            `has a password in the directory whose scheme, ${schemes(account.values)}, cannot be verified here`,
          );
      }
      break;
    case "bound":
      return ofFile === "match" ? keep(before) : {};
    case "refused":
      return refuse("does not take the plan's password in the directory");
    case "unknown":
      return refuse(`could not be looked at in the directory: ${account.reason}`);
    case "absent":
      break;
  }
  switch (ofFile) {
    case "none":
      return {};
    case "match":
      return keep(before);
    case "mismatch":
      return refuse("has another password in the file than in the plan");
    case "unknown":
      return refuse(`has a password in the file whose scheme, ${schemes(before)}, cannot be verified here`);
  }
}

async function verifyAny(values: readonly string[], password: Buffer, verify: VerifyPassword) {
  const outcomes = await Promise.all(values.map((value) => verify(value, password)));
  if (outcomes.includes("match")) return "match";
  return outcomes.includes("unknown") ? "unknown" : "mismatch";
}

function schemes(values: readonly string[]): string {
  return [...new Set(values.map((value) => schemeOf(value) ?? "clear text"))].join(", ");
}

/** Entries that the file has and the plan has not. */
function dropped(entries: readonly PlannedEntry[], deployed: DeployedFile): Bootstrap["refusals"] {
  const planned = new Set(entries.map(({ dn }) => nameKey(dn)));
  return [...deployed].flatMap(([key, { dn }]) =>
    planned.has(key) ? [] : [{ dn, reason: "is in the file and not in the plan" }],
  );
}

function formatEntry({ dn, attributes }: PlannedEntry, passwords: readonly string[]): string {
  const password = { type: "userPassword", values: passwords.map((value) => Buffer.from(value)) };
  return formatLdifRecord({
    type: "content",
    dn,
    attributes: [...attributes, ...(passwords.length > 0 ? [password] : [])],
  });
}
