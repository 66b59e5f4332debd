/** The limits of the password policy that holds for an entry, as far as the person may read them. */
import { LdapError } from "@espalier/ldap";
import type { SearchEntry } from "@espalier/ldap/client";
import type { Vendor } from "../clusters/cluster.ts";
import type { NodeConnection } from "../clusters/node-connection.ts";
import type { Sight } from "./sight.ts";

export type Known<T> = T | "unknown";

export interface PasswordPolicy {
  /** Where it is. */
  readonly dn: string;
  /** 0 in all of these: no limit. */
  readonly minLength: Known<number>;
  readonly maxLength: Known<number>;
  readonly maxAgeSeconds: Known<number>;
  readonly minAgeSeconds: Known<number>;
  readonly history: Known<number>;
  readonly maxFailures: Known<number>;
  /** 0: until somebody unlocks it. */
  readonly lockoutSeconds: Known<number>;
  readonly graceLogins: Known<number>;
  readonly mustChangeAfterReset: Known<boolean>;
}

const subentry = "pwdPolicySubentry";
export const policyAttributes: readonly string[] = [subentry];

/** `undefined` where it cannot be told which one holds, or where it cannot be read. */
export async function readPolicy(
  connection: NodeConnection,
  sight: Sight,
  vendor: Vendor,
  signal: AbortSignal,
): Promise<PasswordPolicy | undefined> {
  const own = sight.values(subentry);
  if (own === undefined) return undefined;
  const place = own[0] ?? (await defaultPlace());
  if (place === undefined) return undefined;
  const is389 = vendor === "389ds";
  // 389-DS takes the draft's names for its own, whose values are others.
  const entry = await baseEntry(connection, place, is389 ? attributes389 : draftAttributes, signal);
  if (entry === undefined) return undefined;
  const policy = is389 ? policy389(entry) : draftPolicy(entry);
  return policy === undefined ? undefined : { dn: entry.objectName, ...policy };

  async function defaultPlace(): Promise<string | undefined> {
    if (vendor === "389ds") return "cn=config";
    return vendor === "openldap" ? (await defaultPolicies(connection, signal))?.[0] : undefined;
  }
}

/**
 * The DN of the policy of everybody who has none of their own, in a list that is empty where there is none. OpenLDAP names it in
 * its configuration, which few may read: `undefined` where it cannot be told. slapo-ppolicy(5)
 */
export async function defaultPolicies(
  connection: NodeConnection,
  signal: AbortSignal,
): Promise<readonly string[] | undefined> {
  try {
    const { entries } = await connection.searchAll(
      { baseObject: "cn=config", filter: "(objectClass=olcPPolicyConfig)", attributes: ["olcPPolicyDefault"] },
      { signal },
    );
    return entries.length === 1 ? entries.flatMap((each) => each.texts("olcPPolicyDefault")) : undefined;
  } catch (error) {
    if (error instanceof LdapError) return undefined;
    throw error;
  }
}

async function baseEntry(
  connection: NodeConnection,
  dn: string,
  attributes: readonly string[],
  signal: AbortSignal,
): Promise<SearchEntry | undefined> {
  try {
    return (await connection.searchAll({ baseObject: dn, scope: "baseObject", attributes }, { signal })).entries[0];
  } catch (error) {
    if (error instanceof LdapError) return undefined;
    throw error;
  }
}

const draftAttributes = [
  ...["pwdAttribute", "pwdMinLength", "pwdMaxLength", "pwdMaxAge", "pwdMinAge", "pwdInHistory", "pwdLockout"],
  ...["pwdMaxFailure", "pwdLockoutDuration", "pwdGraceAuthNLimit", "pwdMustChange"],
];

/** draft-behera-ldap-password-policy-10 §5.2: what is not there is 0 or FALSE. */
function draftPolicy(entry: SearchEntry): Omit<PasswordPolicy, "dn"> | undefined {
  if (entry.values("pwdAttribute").length === 0) return undefined;
  const number = (name: string) => Number(entry.text(name) ?? 0);
  return {
    minLength: number("pwdMinLength"),
    maxLength: number("pwdMaxLength"),
    maxAgeSeconds: number("pwdMaxAge"),
    minAgeSeconds: number("pwdMinAge"),
    history: number("pwdInHistory"),
    maxFailures: entry.text("pwdLockout") === "TRUE" ? number("pwdMaxFailure") : 0,
    lockoutSeconds: number("pwdLockoutDuration"),
    graceLogins: number("pwdGraceAuthNLimit"),
    mustChangeAfterReset: entry.text("pwdMustChange") === "TRUE",
  };
}

const attributes389 = [
  ...["passwordMinLength", "passwordCheckSyntax", "passwordExp", "passwordMaxAge", "passwordMinAge", "passwordHistory"],
  ...["passwordInHistory", "passwordLockout", "passwordMaxFailure", "passwordUnlock", "passwordLockoutDuration"],
  ...["passwordGraceLimit", "passwordMustChange"],
];

/** 389-DS: a limit holds where the switch beside it is on. */
function policy389(entry: SearchEntry): Omit<PasswordPolicy, "dn"> | undefined {
  if (!entry.attributes.some(({ type }) => /^password/i.test(type))) return undefined;
  const number = (name: string): Known<number> => {
    const value = Number(entry.text(name) ?? Number.NaN);
    return Number.isFinite(value) ? Math.max(0, value) : "unknown";
  };
  const isOn = (name: string): Known<boolean> => {
    const text = entry.text(name)?.toLowerCase();
    return text === undefined ? "unknown" : text === "on" || text === "1" || text === "true";
  };
  const where = (name: string, value: Known<number>): Known<number> => {
    const on = isOn(name);
    return on === "unknown" ? "unknown" : on ? value : 0;
  };
  return {
    minLength: where("passwordCheckSyntax", number("passwordMinLength")),
    maxLength: 0,
    maxAgeSeconds: where("passwordExp", number("passwordMaxAge")),
    minAgeSeconds: number("passwordMinAge"),
    history: where("passwordHistory", number("passwordInHistory")),
    maxFailures: where("passwordLockout", number("passwordMaxFailure")),
    lockoutSeconds: where("passwordUnlock", number("passwordLockoutDuration")),
    graceLogins: number("passwordGraceLimit"),
    mustChangeAfterReset: isOn("passwordMustChange"),
  };
}
