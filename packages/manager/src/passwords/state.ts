/** What a directory keeps about the password of an entry, never the password itself. What is not to be seen is "unknown". */
import type { Known, PasswordPolicy } from "./policy.ts";
import { policyAttributes } from "./policy.ts";
import type { Sight } from "./sight.ts";
import { dayMs, fileTimeOf, timeOf } from "./time.ts";

export interface PasswordState {
  readonly set: Known<boolean>;
  /** How each value is hashed, as it says itself: `SSHA`. Empty where the values are not to be seen, or say nothing. */
  readonly schemes: readonly string[];
  readonly changedAt: Known<number>;
  readonly expiresAt: Known<number | "never">;
  readonly mustChange: Known<boolean>;
  /** By wrong passwords. */
  readonly locked: Known<boolean>;
  readonly lockedSince: number | undefined;
  /** `unlocked`: until somebody unlocks it. */
  readonly lockedUntil: number | "unlocked" | undefined;
  /** By an administrator. */
  readonly disabled: Known<boolean>;
  readonly failures: Known<number>;
  readonly graceLoginsUsed: Known<number>;
}

export const stateAttributes: readonly string[] = [
  ...["userPassword", "shadowLastChange", "shadowMax", ...policyAttributes],
  // draft-behera-ldap-password-policy-10 §5.3
  ...["pwdChangedTime", "pwdAccountLockedTime", "pwdFailureTime", "pwdReset", "pwdGraceUseTime"],
  // 389-DS
  ...["pwdUpdateTime", "passwordExpirationTime", "accountUnlockTime", "nsAccountLock", "passwordRetryCount"],
  "passwordGraceUserTime",
  // Active Directory
  ...["pwdLastSet", "lockoutTime", "badPwdCount", "userAccountControl"],
];

/** OpenLDAP's: locked for good. */
const forGood = "000001010000Z";
/** 389-DS's: no time at all; a password to be changed, a lock that does not open by itself. */
const noTime = "19700101000000Z";

export function passwordState(sight: Sight, policy: PasswordPolicy | undefined, now: number): PasswordState {
  const changedAt = changeTime(sight);
  return {
    set: isSet(sight),
    schemes: schemesOf(sight.values("userPassword") ?? []),
    changedAt: changedAt ?? "unknown",
    expiresAt: expiry(sight, changedAt, policy),
    mustChange: mustChange(sight),
    ...lock(sight, policy, now),
    disabled: isDisabled(sight),
    failures: count(sight, "pwdFailureTime", ["passwordRetryCount", "badPwdCount"]),
    graceLoginsUsed: count(sight, "pwdGraceUseTime", ["passwordGraceUserTime"]),
  };
}

function isSet(sight: Sight): Known<boolean> {
  const values = sight.values("userPassword");
  if (values !== undefined && values.length > 0) return true;
  // The server noted when it was set.
  if (sight.first("pwdChangedTime") !== undefined || sight.first("pwdUpdateTime") !== undefined) return true;
  // Active Directory shows no password; 0 is one that has to be changed, or none.
  const lastSet = sight.first("pwdLastSet");
  if (lastSet !== undefined) return lastSet === "0" ? "unknown" : true;
  return values === undefined ? "unknown" : false;
}

function schemesOf(passwords: readonly string[]): string[] {
  return passwords.flatMap((password) => /^\{([\w./-]{1,40})\}/.exec(password)?.[1] ?? []);
}

function changeTime(sight: Sight): number | undefined {
  const shadow = sight.first("shadowLastChange");
  const shadowTime = shadow !== undefined && Number(shadow) > 0 ? Number(shadow) * dayMs : undefined;
  const lastSet = sight.first("pwdLastSet");
  return (
    timeOf(sight.first("pwdChangedTime")) ??
    timeOf(sight.first("pwdUpdateTime")) ??
    (lastSet === "0" ? undefined : fileTimeOf(lastSet)) ??
    shadowTime
  );
}

function expiry(
  sight: Sight,
  changedAt: number | undefined,
  policy: PasswordPolicy | undefined,
): Known<number | "never"> {
  const told = sight.first("passwordExpirationTime");
  if (told !== undefined && told !== noTime) return timeOf(told) ?? "unknown";
  const maxAge = policy?.maxAgeSeconds;
  if (typeof maxAge === "number") {
    if (maxAge === 0) return "never";
    return changedAt === undefined ? "unknown" : changedAt + maxAge * 1_000;
  }
  const [last, days] = [Number(sight.first("shadowLastChange")), Number(sight.first("shadowMax"))];
  return last > 0 && days > 0 && days < 99_999 ? (last + days) * dayMs : "unknown";
}

function mustChange(sight: Sight): Known<boolean> {
  const signs = [
    isTrue(sight, "pwdReset"),
    is(sight, "passwordExpirationTime", noTime),
    is(sight, "pwdLastSet", "0"),
    is(sight, "shadowLastChange", "0"),
  ];
  return anyOf(signs);
}

function lock(
  sight: Sight,
  policy: PasswordPolicy | undefined,
  now: number,
): Pick<PasswordState, "locked" | "lockedSince" | "lockedUntil"> {
  const nothing = { lockedSince: undefined, lockedUntil: undefined };
  const lockedTime = sight.first("pwdAccountLockedTime");
  const unlockTime = sight.first("accountUnlockTime");
  const lockout = sight.first("lockoutTime");
  if (unlockTime !== undefined) {
    if (unlockTime === noTime) return { locked: true, lockedSince: undefined, lockedUntil: "unlocked" };
    const until = timeOf(unlockTime);
    return until === undefined
      ? { locked: "unknown", ...nothing }
      : { locked: now < until, lockedSince: undefined, lockedUntil: until };
  }
  if (lockedTime !== undefined && lockedTime !== forGood) return lockedFrom(timeOf(lockedTime));
  if (lockout !== undefined && lockout !== "0") return lockedFrom(fileTimeOf(lockout));
  const places = ["pwdAccountLockedTime", "accountUnlockTime", "lockoutTime"].map((name) => sight.values(name));
  return { locked: places.some((values) => values !== undefined) ? false : "unknown", ...nothing };

  /** It stays in the entry after the lock has opened by itself. */
  function lockedFrom(since: number | undefined): Pick<PasswordState, "locked" | "lockedSince" | "lockedUntil"> {
    const seconds = policy?.lockoutSeconds;
    if (since === undefined || typeof seconds !== "number")
      return { locked: "unknown", lockedSince: since, lockedUntil: undefined };
    if (seconds === 0) return { locked: true, lockedSince: since, lockedUntil: "unlocked" };
    const until = since + seconds * 1_000;
    return { locked: now < until, lockedSince: since, lockedUntil: until };
  }
}

function isDisabled(sight: Sight): Known<boolean> {
  const flags = sight.first("userAccountControl");
  return anyOf([
    is(sight, "pwdAccountLockedTime", forGood),
    isTrue(sight, "nsAccountLock"),
    flags === undefined ? undefined : (Number(flags) & 0x2) !== 0,
  ]);
}

/** How often a time is noted, or the first of the numbers that is there. */
function count(sight: Sight, times: string, numbers: readonly string[]): Known<number> {
  const noted = sight.values(times);
  if (noted !== undefined && noted.length > 0) return noted.length;
  const number = numbers.map((name) => sight.first(name)).find((text) => text !== undefined);
  if (number !== undefined) return Number(number);
  const isSeen = [noted, ...numbers.map((name) => sight.values(name))].some((values) => values !== undefined);
  return isSeen ? 0 : "unknown";
}

function is(sight: Sight, attribute: string, value: string): boolean | undefined {
  return sight.values(attribute)?.includes(value);
}

function isTrue(sight: Sight, attribute: string): boolean | undefined {
  return sight.values(attribute)?.some((value) => value.toLowerCase() === "true");
}

/** One sign is enough for yes; no needs one that is to be seen. */
function anyOf(signs: readonly (boolean | undefined)[]): Known<boolean> {
  if (signs.includes(true)) return true;
  return signs.includes(false) ? false : "unknown";
}
