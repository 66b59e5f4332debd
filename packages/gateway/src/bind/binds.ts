/**
 * The bind operation, RFC 4511 §4.2 and RFC 4513 §5.1: simple binds of users under the base, against the row as the
 * database has it now. Everything else fails closed, and to the client every refusal looks the same.
 */
import { setTimeout as delay } from "node:timers/promises";
import {
  type BindRequest,
  isWithin,
  LdapError,
  Oid,
  parseDn,
  passwordPolicyResponseControl,
  ResultCode,
} from "@espalier/ldap";
import type { BindOperation, Handled } from "@espalier/ldap/server";
import { TokenBuckets } from "@espalier/service/token-bucket";
import type { ApprovalOutcome, NotificationBackend } from "../approval/notification.ts";
import type { AttemptKeys, BindAttempt } from "../backoff/attempt.ts";
import type { BackoffDecision, BackoffLedger } from "../backoff/ledger.ts";
import type { DummyOutcome, PasswordVerifier, VerifyOutcome } from "../password/verifier.ts";
import type { Population } from "../refresh/population.ts";
import type { Refresher } from "../refresh/refresher.ts";
import type { SessionState } from "../session-state.ts";
import { parseUser } from "../source/row.ts";
import type { Row, Source } from "../source/source.ts";
import type { Tree } from "../tree/tree.ts";
import { type AuthChain, type Credentials, type CredentialsRefusal, credentialsOf } from "./credentials.ts";

export interface BindOptions {
  readonly tree: Tree;
  readonly source: Source;
  readonly population: Population;
  readonly refresher: Refresher;
  readonly verifier: PasswordVerifier;
  readonly backoff: BackoffLedger;
  readonly attemptKeys: AttemptKeys;
  /** The normalized DN. @throws LdapError `invalidDnSyntax` */
  keyOf(dn: string): string;
  /** `snapshot`: against the hash of the last refresh, without a query, as long as refreshes succeed. */
  readonly from: "fresh" | "snapshot";
  /** How long binds are verified against the last known hash while the database is away; 0 drops the connection. */
  readonly lastKnownForMs: number;
  readonly chain: AuthChain;
  /** Who is asked for approvals; there whenever `chain.hasNotification`. */
  readonly notification: NotificationBackend | undefined;
  readonly now: () => number;
}

/** Why a bind was refused: for the log, never for the client. */
export type BindRefusal =
  | CredentialsRefusal
  | "unknown DN"
  | "unknown user"
  | "wrong password"
  | `not approved: ${string}`
  | `stored password ${string}`;

/** Whom a DN stands for. */
interface Named {
  /** Undefined for a DN that can be no user's. */
  readonly username: string | undefined;
  /** The normalized DN that tries are counted under. */
  readonly account: string;
}

interface BindInProgress extends Named {
  readonly operation: BindOperation<SessionState>;
  readonly password: Uint8Array;
  readonly attempt: BindAttempt;
}

/** Some clients, Dovecot among them, bind anew as soon as they are dropped: then each drop has to wait. */
const hastyPauseMs = 1_000;

export class Binds {
  readonly #options: BindOptions;
  /** Drops of an account at an address that need not wait. */
  readonly #promptDrops = new TokenBuckets({ average: 30, burst: 5, maxKeys: 10_000 });

  constructor(options: BindOptions) {
    this.#options = options;
  }

  bind(request: BindRequest, operation: BindOperation<SessionState>): Handled {
    const { authentication } = request;
    if (authentication.type === "sasl") {
      throw new LdapError(ResultCode.authMethodNotSupported, "Only simple binds, over TLS, are offered here.");
    }
    const { password } = authentication;
    if (request.name === "") {
      if (password.length === 0) return operation.end(ResultCode.success);
      throw new LdapError(ResultCode.invalidCredentials);
    }
    // RFC 4513 §5.1.2: a name without a password proves nothing, and clients mistake its success for a login.
    if (password.length === 0) {
      throw new LdapError(ResultCode.unwillingToPerform, "A bind with a name needs a password.");
    }
    const { backoff, attemptKeys } = this.#options;
    const { username, account } = this.#named(request.name, this.#options.keyOf(request.name));
    const attempt = attemptKeys.attempt(account, operation.session.remoteAddress, password);
    const bind: BindInProgress = { operation, username, account, password, attempt };
    const decision = backoff.check(attempt);
    return decision instanceof Promise
      ? decision.then(
          (settled) => this.#checked(bind, settled),
          (error: unknown) => this.#drop(bind, `back-off not known: ${messageOf(error)}`),
        )
      : this.#checked(bind, decision);
  }

  #checked(bind: BindInProgress, decision: BackoffDecision): Handled {
    if (!decision.allowed) return this.#refuseUnseen(bind, decision.reason);
    const { username } = bind;
    if (username === undefined) return this.#refuse(bind, "unknown DN");
    if (this.#options.from === "snapshot" && this.#options.refresher.isCurrent()) {
      return this.#verify(bind, this.#options.population.credentials(username) ?? "unknown user");
    }
    return this.#bindFresh(bind, username);
  }

  async #bindFresh(bind: BindInProgress, username: string): Promise<void> {
    let row: Row | undefined;
    try {
      row = await this.#options.source.user(username);
    } catch (error) {
      return this.#bindWithoutDatabase(bind, username, error);
    }
    return this.#verify(bind, credentialsIn(row, this.#options.chain));
  }

  /** An outage is no wrong password: a dropped connection makes a client try the next server, a result code does not. */
  #bindWithoutDatabase(bind: BindInProgress, username: string, error: unknown): Handled {
    const { refresher, population, lastKnownForMs, now } = this.#options;
    const since = refresher.outageSinceMs ?? now();
    const known = population.credentials(username);
    if (known !== undefined && now() - since < lastKnownForMs) return this.#verify(bind, known);
    return this.#drop(bind, `database away: ${messageOf(error)}`);
  }

  #verify(bind: BindInProgress, credentials: Credentials | BindRefusal): Handled {
    if (typeof credentials === "string") return this.#refuse(bind, credentials);
    const outcome = this.#options.verifier.verify(bind.account, credentials.stored, bind.password);
    return typeof outcome === "string"
      ? this.#conclude(bind, credentials, outcome)
      : outcome.then((settled) => this.#conclude(bind, credentials, settled));
  }

  #conclude(bind: BindInProgress, credentials: Credentials, outcome: VerifyOutcome): Handled {
    switch (outcome) {
      case "match":
        return this.#matched(bind, credentials);
      case "mismatch":
        return this.#fail(bind, "wrong password");
      case "busy":
      case "failed":
        return this.#drop(bind, notVerified[outcome]);
      default:
        return this.#fail(bind, `stored password ${outcome}`);
    }
  }

  #matched(bind: BindInProgress, { username, needsApproval }: Credentials): Handled {
    const { notification } = this.#options;
    if (!needsApproval || notification === undefined || notification.isExempt(username)) {
      return this.#admit(bind, username);
    }
    const asked = notification.ask(username, bind.operation.session.remoteAddress);
    return asked.then((outcome) => this.#answered(bind, username, outcome));
  }

  #answered(bind: BindInProgress, username: string, outcome: ApprovalOutcome): Handled {
    switch (outcome.type) {
      case "approved":
        this.#admit(bind, username);
        break;
      case "refused":
        // The password was right, so no try is counted: how often a person is asked is for the one that asks to limit.
        this.#options.backoff.unverified(bind.attempt);
        this.#end(bind, `not approved: ${outcome.reason}`);
        break;
      case "unavailable":
        return this.#drop(bind, `approval not to be had: ${outcome.reason}`);
    }
  }

  #admit({ operation, attempt }: BindInProgress, username: string): void {
    this.#options.backoff.succeeded(attempt);
    operation.session.authorization = { dn: this.#options.tree.userDn(username) };
    operation.end(ResultCode.success, responseControls(operation));
  }

  /** Refuses after the work that a wrong password takes. */
  #refuse(bind: BindInProgress, reason: BindRefusal): Handled {
    const dummy = this.#options.verifier.verifyDummy(bind.account, bind.password);
    return dummy instanceof Promise
      ? dummy.then((outcome) => this.#refused(bind, reason, outcome))
      : this.#refused(bind, reason, dummy);
  }

  /** What a real user's overload does, an unknown user's does too: otherwise overload would tell who exists. */
  #refused(bind: BindInProgress, reason: BindRefusal, outcome: DummyOutcome): Handled {
    return outcome === "mismatch" ? this.#fail(bind, reason) : this.#drop(bind, notVerified[outcome]);
  }

  /** Refuses, in the time that a wrong password takes, without looking at the password. */
  #refuseUnseen({ operation, account }: BindInProgress, rule: string): Handled {
    const refuse = () => {
      setReason(operation, `backed off: ${rule}`);
      operation.end(ResultCode.invalidCredentials, responseControls(operation));
    };
    const pause = this.#options.verifier.pause(account);
    return pause ? pause.then(refuse) : refuse();
  }

  #fail(bind: BindInProgress, reason: BindRefusal): void {
    this.#options.backoff.failed(bind.attempt);
    this.#end(bind, reason);
  }

  #end({ operation }: BindInProgress, reason: BindRefusal): void {
    setReason(operation, reason);
    operation.end(ResultCode.invalidCredentials, responseControls(operation));
  }

  /** Says nothing: the client tries another server. */
  #drop({ operation, account, attempt }: BindInProgress, reason: string): Handled {
    this.#options.backoff.unverified(attempt);
    setReason(operation, reason);
    if (this.#promptDrops.take(`${operation.session.remoteAddress} ${account}`)) return operation.dropConnection();
    return delay(hastyPauseMs).then(() => operation.dropConnection());
  }

  /**
   * The user name a DN under the base stands for: that of the entry it names, else, as clients of the system before rely
   * on, the value of its first RDN, whatever type and depth that has.
   */
  #named(dn: string, key: string): Named {
    const { tree } = this.#options;
    if (key === tree.baseKey || !isWithin(key, tree.baseKey)) return { username: undefined, account: key };
    const served = this.#served(key);
    if (served !== undefined) return served;
    const rdn = parseDn(dn)[0]!;
    const value = rdn.length === 1 ? rdn[0]!.value : undefined;
    if (typeof value !== "string") return { username: undefined, account: key };
    const account = tree.key(tree.userDn(value));
    return this.#served(account) ?? { username: value, account };
  }

  /** The user whose entry has the normalized DN: the entry's own string, which the tables that it is looked up in know. */
  #served(key: string): Named | undefined {
    const entry = this.#options.population.snapshot.get(key);
    const username = entry?.texts("uid")[0];
    return entry === undefined || username === undefined ? undefined : { username, account: entry.key };
  }
}

const notVerified = { busy: "too many passwords to verify", failed: "a hash worker was lost" } as const;

function credentialsIn(row: Row | undefined, chain: AuthChain): Credentials | BindRefusal {
  if (!row) return "unknown user";
  const parsed = parseUser(row);
  return "skip" in parsed ? "suspended or unusable row" : credentialsOf(parsed.user, chain);
}

/** A client that asked for the password policy's word gets it, with nothing to say. draft-behera-ldap-password-policy-10 §6. */
function responseControls(operation: BindOperation<SessionState>) {
  const asked = operation.controls.some((control) => control.controlType === Oid.passwordPolicy);
  return asked ? [passwordPolicyResponseControl({ warning: undefined, error: undefined })] : [];
}

function setReason(operation: BindOperation<SessionState>, reason: string): void {
  operation.session.state = { reason };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
