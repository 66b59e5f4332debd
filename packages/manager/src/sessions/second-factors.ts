/**
 * One-time codes as a second factor (TOTP, RFC 6238), and recovery codes for a lost telephone. A code is taken once (§5.2); five
 * wrong ones in a row, on whichever node, and none is taken for a quarter of an hour.
 */
import { randomBytes } from "node:crypto";
import { type Store, sql, type Transaction } from "@espalier/service";
import { Secret, TOTP } from "otpauth";
import { ApiError } from "../api/problem.ts";
import type { SealingKey, Vault } from "./vault.ts";

export interface SecondFactorsOptions {
  readonly store: Store;
  readonly vault: Vault;
  readonly issuer: string;
  readonly now: () => number;
}

/** Whose it is. */
export interface FactorOwner {
  /** See `personKey`. */
  readonly person: string;
  readonly cluster: string;
  readonly dn: string;
}

/** What an authenticator app is given, once. */
export interface Enrolment {
  /** `otpauth://totp/…` */
  readonly url: string;
  /** The secret alone, in base32, for typing it in. */
  readonly base32: string;
}

export type Verdict = "right" | "recovery code" | "wrong" | "locked";

interface FactorRow {
  readonly secret: Uint8Array;
  readonly confirmed_at: number | null;
  readonly last_step: number;
  readonly failures: number;
  readonly locked_until: number;
}

const periodSeconds = 30;
/** Steps before and after the present one: clocks differ (§5.2). */
const tolerance = 1;
const maxFailures = 5;
const lockMs = 15 * 60_000;
const recoveryCodes = 10;

export class SecondFactors {
  readonly #options: SecondFactorsOptions;
  readonly #key: SealingKey;

  constructor(options: SecondFactorsOptions) {
    this.#options = options;
    this.#key = options.vault.sealingKey("second factors");
  }

  /** Whether the person has one that was confirmed. */
  async isEnrolled(person: string): Promise<boolean> {
    const row = await this.#options.store.first(
      sql`SELECT 1 FROM manager_second_factors WHERE person = ${person} AND confirmed_at IS NOT NULL`,
    );
    return row !== undefined;
  }

  /** Makes a secret, in place of one that was not confirmed. @throws ApiError `already_exists` */
  async enrol({ person, cluster, dn }: FactorOwner): Promise<Enrolment> {
    const secret = new Secret({ size: 20 });
    const sealed = this.#key.sealText(secret.base32, person);
    const stored = await this.#options.store.write((transaction) =>
      transaction.run(
        sql`INSERT INTO manager_second_factors
          (person, cluster, dn, secret, created_at, confirmed_at, last_step, failures, locked_until)
          VALUES (${person}, ${cluster}, ${dn}, ${sealed}, ${this.#options.now()}, NULL, -1, 0, 0)
          ON CONFLICT (person) DO UPDATE SET secret = excluded.secret, created_at = excluded.created_at, last_step = -1
          WHERE manager_second_factors.confirmed_at IS NULL`,
      ),
    );
    if (stored === 0) {
      throw new ApiError(
        "already_exists",
        "A second factor is enrolled already: remove it first, with one of its codes.",
      );
    }
    const url = new TOTP({ issuer: this.#options.issuer, label: labelOf(dn), secret }).toString();
    return { url, base32: secret.base32 };
  }

  /**
   * Takes the first code of an enrolment, which it makes effective.
   *
   * @returns recovery codes, shown this once
   * @throws ApiError `second_factor_needed` for a wrong code, `not_found` where there is nothing to confirm
   */
  async confirm(person: string, code: string): Promise<readonly string[]> {
    const codes = newRecoveryCodes();
    const verdict = await this.#options.store.write(async (transaction) => {
      const row = await this.#lock(transaction, person);
      if (row === undefined || row.confirmed_at !== null) return "absent";
      const verdict = await this.#check(transaction, person, row, code);
      if (verdict !== "right") return verdict;
      await transaction.run(
        sql`UPDATE manager_second_factors SET confirmed_at = ${this.#options.now()} WHERE person = ${person}`,
      );
      await this.#replaceRecoveryCodes(transaction, person, codes);
      return verdict;
    });
    if (verdict === "absent") throw new ApiError("not_found", "No enrolment waits for its first code: begin one.");
    refuseUnlessRight(verdict);
    return codes;
  }

  /** A code of the app, or a recovery code, which is spent by it. */
  async verify(person: string, code: string): Promise<Verdict> {
    return this.#options.store.write(async (transaction) => {
      const row = await this.#lock(transaction, person);
      if (row === undefined || row.confirmed_at === null) return "wrong";
      return this.#check(transaction, person, row, code);
    });
  }

  /** @throws ApiError `second_factor_needed` */
  async require(person: string, code: string): Promise<Verdict> {
    const verdict = await this.verify(person, code);
    refuseUnlessRight(verdict);
    return verdict;
  }

  /** New ones in place of those that are left. */
  async renewRecoveryCodes(person: string): Promise<readonly string[]> {
    const codes = newRecoveryCodes();
    await this.#options.store.write((transaction) => this.#replaceRecoveryCodes(transaction, person, codes));
    return codes;
  }

  /** Whether there was one. */
  async remove(person: string): Promise<boolean> {
    const removed = await this.#options.store.write((transaction) =>
      transaction.run(sql`DELETE FROM manager_second_factors WHERE person = ${person}`),
    );
    return removed > 0;
  }

  #lock(transaction: Transaction, person: string): Promise<FactorRow | undefined> {
    const forUpdate = transaction.database === "postgres" ? sql` FOR UPDATE` : sql``;
    return transaction.first<FactorRow>(
      sql`SELECT secret, confirmed_at, last_step, failures, locked_until FROM manager_second_factors
        WHERE person = ${person}${forUpdate}`,
    );
  }

  async #check(transaction: Transaction, person: string, row: FactorRow, code: string): Promise<Verdict> {
    const now = this.#options.now();
    if (row.locked_until > now) return "locked";
    const step = this.#stepOf(person, row, code, now);
    if (step !== undefined) {
      await transaction.run(
        sql`UPDATE manager_second_factors SET last_step = ${step}, failures = 0 WHERE person = ${person}`,
      );
      return "right";
    }
    if (row.confirmed_at !== null && (await this.#spendRecoveryCode(transaction, person, code))) return "recovery code";
    const isLast = row.failures + 1 >= maxFailures;
    await transaction.run(
      sql`UPDATE manager_second_factors SET failures = ${isLast ? 0 : row.failures + 1},
        locked_until = ${isLast ? now + lockMs : 0} WHERE person = ${person}`,
    );
    return "wrong";
  }

  /** The time step of a code that is right and was not taken before. */
  #stepOf(person: string, row: FactorRow, code: string, now: number): number | undefined {
    const token = code.replaceAll(/\s/g, "");
    const base32 = /^\d{6}$/.test(token) ? this.#key.openText(row.secret, person) : undefined;
    if (base32 === undefined) return undefined;
    const secret = Secret.fromBase32(base32);
    const delta = TOTP.validate({ token, secret, period: periodSeconds, timestamp: now, window: tolerance });
    if (delta === null) return undefined;
    const step = TOTP.counter({ period: periodSeconds, timestamp: now }) + delta;
    return step > row.last_step ? step : undefined;
  }

  async #spendRecoveryCode(transaction: Transaction, person: string, code: string): Promise<boolean> {
    const digest = this.#digest(person, code);
    const spent = await transaction.run(
      sql`DELETE FROM manager_recovery_codes WHERE person = ${person} AND digest = ${digest}`,
    );
    if (spent === 0) return false;
    await transaction.run(sql`UPDATE manager_second_factors SET failures = 0 WHERE person = ${person}`);
    return true;
  }

  async #replaceRecoveryCodes(transaction: Transaction, person: string, codes: readonly string[]): Promise<void> {
    await transaction.run(sql`DELETE FROM manager_recovery_codes WHERE person = ${person}`);
    for (const code of codes) {
      await transaction.run(
        sql`INSERT INTO manager_recovery_codes (person, digest) VALUES (${person}, ${this.#digest(person, code)})`,
      );
    }
  }

  #digest(person: string, code: string): Uint8Array {
    const plain = code.toUpperCase().replaceAll(/[^A-Z2-7]/g, "");
    return this.#options.vault.digest("recovery codes", `${person}\n${plain}`);
  }
}

/** @throws ApiError */
function refuseUnlessRight(verdict: Verdict): void {
  if (verdict === "locked") {
    throw new ApiError("too_many_requests", "There were too many wrong codes. Try again in a quarter of an hour.", {
      retryAfter: lockMs / 1_000,
    });
  }
  if (verdict === "wrong") {
    throw new ApiError(
      "second_factor_needed",
      "This code is not taken. Each is taken once, within half a minute or so: use the next one.",
    );
  }
}

/** Four groups of four characters of base32: 80 bits. */
function newRecoveryCodes(): string[] {
  return Array.from({ length: recoveryCodes }, () => {
    const bytes = randomBytes(10);
    const text = new Secret({ buffer: new Uint8Array(bytes).buffer }).base32;
    return text.match(/.{4}/g)?.join("-") ?? text;
  });
}

/** What an app shows: the first value of the name. */
function labelOf(dn: string): string {
  return (/^[^=]+=((?:[^,+\\]|\\.)*)/.exec(dn)?.[1] ?? dn).replaceAll(":", " ");
}
