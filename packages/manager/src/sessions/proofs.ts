/**
 * Proving who one is by a name and a password: the directory is asked by a bind, and where a second factor is enrolled its code as
 * well. Whatever is wrong, the answer is the same, and comes after the same time.
 */
import { setTimeout as delay } from "node:timers/promises";
import { filter, LdapError, passwordPolicyControl, ResultCode } from "@espalier/ldap";
import { OperationError, type OperationResult, PartialSearchError } from "@espalier/ldap/client";
import { ApiError } from "../api/problem.ts";
import type { Cluster } from "../clusters/cluster.ts";
import type { Attempt, Attempts } from "./attempts.ts";
import type { SessionEvents } from "./events.ts";
import { anonymous, passwordIdentity, serviceIdentity } from "./identities.ts";
import { isDn, nameKey, personKey } from "./names.ts";
import { isExpired, type PasswordNotes, passwordNotesOf } from "./password-notes.ts";
import type { SecondFactors } from "./second-factors.ts";

export interface Credentials {
  readonly cluster: Cluster;
  /** A DN, or what the person's `uid`, `mail` or `userPrincipalName` is. */
  readonly name: string;
  readonly password: string;
  /** A code of the app, or a recovery code. */
  readonly secondFactor?: string | undefined;
  readonly address: string;
}

export interface Proof {
  readonly dn: string;
  readonly person: string;
  readonly passwordNotes: PasswordNotes | undefined;
  readonly factor: "none" | "given";
}

export interface ProofsOptions {
  readonly attempts: Attempts;
  readonly secondFactors: SecondFactors;
  readonly events: SessionEvents;
  /** Connections with this identity are not needed any more. */
  readonly dropped: (cluster: string, identityKey: string) => void;
}

/** A refusal comes after a whole number of these, so that its time does not tell how far the attempt got. */
const refusalStepMs = 400;
const maxNameLength = 512;
const maxPasswordLength = 1_024;

/** Why, for the log. */
type Reason =
  | "there is no such person"
  | "several entries have this name"
  | "wrong password"
  | "the password has expired"
  | "empty password"
  | "the name or password is too long"
  | "wrong second factor";

class Refused extends Error {
  readonly reason: Reason;
  constructor(reason: Reason) {
    super(reason);
    this.reason = reason;
  }
}

export class Proofs {
  readonly #options: ProofsOptions;

  constructor(options: ProofsOptions) {
    this.#options = options;
  }

  /**
   * @param identityKey of the connection that is bound for it, and may be used further
   * @throws ApiError `wrong_credentials`, `second_factor_needed`, `too_many_requests`, `unavailable`
   */
  async prove(credentials: Credentials, identityKey: string): Promise<Proof> {
    const startedMs = performance.now();
    const name = credentials.name.trim();
    const attempt = await this.#options.attempts.begin(attemptKey(credentials.cluster, name), credentials.address);
    try {
      const proof = await this.#prove({ ...credentials, name }, identityKey, attempt);
      attempt.succeeded();
      return proof;
    } catch (error) {
      this.#options.dropped(credentials.cluster.name, identityKey);
      if (!(error instanceof Refused)) {
        attempt.undone();
        throw error;
      }
      const { cluster, name, address } = credentials;
      this.#options.events.refused({ cluster: cluster.name, name, address, reason: error.reason }, attempt.failed());
      const elapsedMs = performance.now() - startedMs;
      await delay(refusalStepMs - (elapsedMs % refusalStepMs));
      throw refusal(error.reason);
    }
  }

  async #prove(credentials: Credentials, identityKey: string, attempt: Attempt): Promise<Proof> {
    const { cluster, name, password } = credentials;
    if (name.length > maxNameLength || password.length > maxPasswordLength) {
      throw new Refused("the name or password is too long");
    }
    if (password === "") throw new Refused("empty password");
    const dn = isDn(name) ? name : await this.#find(cluster, name);
    const person = attemptKey(cluster, dn);
    if (person !== attemptKey(cluster, name)) await attempt.alsoOf(person);
    const { result, isRefused } = await bindAs(cluster, { dn, password, key: identityKey });
    if (isRefused) throw new Refused(isExpired(result) ? "the password has expired" : "wrong password");
    const factor = await this.#checkSecondFactor(personKey(cluster.name, dn), credentials.secondFactor);
    return { dn, person: personKey(cluster.name, dn), passwordNotes: passwordNotesOf(result), factor };
  }

  async #checkSecondFactor(person: string, code: string | undefined): Promise<Proof["factor"]> {
    const { secondFactors } = this.#options;
    if (!(await secondFactors.isEnrolled(person))) return "none";
    if (code === undefined || code === "") {
      throw new ApiError(
        "second_factor_needed",
        "Enter the code that your authenticator app shows, or a recovery code.",
      );
    }
    const verdict = await secondFactors.verify(person, code);
    if (verdict === "wrong" || verdict === "locked") throw new Refused("wrong second factor");
    return "given";
  }

  /** @throws Refused unless there is exactly one */
  async #find(cluster: Cluster, name: string): Promise<string> {
    if (name === "") throw new Refused("there is no such person");
    const found = await findPeople(cluster, loginFilter(name));
    const [dn] = found;
    if (dn === undefined) throw new Refused("there is no such person");
    if (found.length > 1) throw new Refused("several entries have this name");
    return dn;
  }
}

/** One message for every reason but one: who has the right password may know that it is too old. */
function refusal(reason: Reason): ApiError {
  if (reason === "wrong second factor") {
    return new ApiError(
      "second_factor_needed",
      "This code is not taken. Each is taken once, within half a minute or so: use the next one.",
    );
  }
  if (reason === "the password has expired") {
    return new ApiError("wrong_credentials", "The password has expired. Ask an administrator for a new one.", {
      details: { password: { expired: true } },
    });
  }
  return new ApiError("wrong_credentials", "This name and password are not accepted.");
}

/** Spelt one way, whatever somebody writes. */
function attemptKey(cluster: Cluster, name: string): string {
  const spelt = isDn(name) ? (nameKey(name) ?? name) : name;
  return `${cluster.name} ${spelt.slice(0, maxNameLength).toLowerCase()}`;
}

/** By what people are known to a directory; the last two are Active Directory's. */
function loginFilter(name: string): ReturnType<typeof filter> {
  return filter`(|(uid=${name})(mail=${name})(userPrincipalName=${name})(sAMAccountName=${name}))`;
}

/**
 * DNs of those that match, two at most, as `bind_dn` sees them where its password is configured, else as strangers do.
 *
 * @throws ApiError
 */
export async function findPeople(
  cluster: Cluster,
  wanted: ReturnType<typeof filter>,
  base?: string,
): Promise<readonly string[]> {
  const identity = serviceIdentity(cluster.config) ?? anonymous;
  try {
    const baseObject = base ?? (await cluster.baseDn(identity));
    const scope = base === undefined ? ("wholeSubtree" as const) : ("baseObject" as const);
    const search = { baseObject, scope, filter: wanted, attributes: ["1.1"], sizeLimit: 2 };
    const { value } = await cluster.read(identity, async (connection) => {
      try {
        return (await connection.searchAll(search)).entries;
      } catch (error) {
        if (error instanceof PartialSearchError && error.resultCode === ResultCode.sizeLimitExceeded) {
          return error.entries;
        }
        if (error instanceof LdapError && error.resultCode === ResultCode.noSuchObject) return [];
        throw error;
      }
    });
    return value.map(({ objectName }) => objectName);
  } catch (error) {
    if (error instanceof ApiError && error.code === "wrong_credentials") {
      throw new ApiError(
        "unavailable",
        `The cluster ${cluster.name} refuses the account that looks for people: its bind_password must be corrected.`,
        { cause: error },
      );
    }
    throw error;
  }
}

export interface Candidate {
  readonly key: string;
  readonly dn: string;
  readonly password: string;
}

/** What a directory answers to a bind when it is not the person's fault. */
const notRefusals: ReadonlySet<number> = new Set([
  ResultCode.operationsError,
  ResultCode.protocolError,
  ResultCode.timeLimitExceeded,
  ResultCode.strongerAuthRequired,
  ResultCode.adminLimitExceeded,
  ResultCode.confidentialityRequired,
  ResultCode.busy,
  ResultCode.unavailable,
  ResultCode.other,
]);

/**
 * Binds a new connection, with the password policy asked for.
 *
 * @returns what the directory said, or with what it refused
 * @throws ApiError where it could not be asked
 */
export async function bindAs(
  cluster: Cluster,
  candidate: Candidate,
): Promise<{ readonly result: OperationResult; readonly isRefused: boolean }> {
  let bound: OperationResult | undefined;
  let refused: OperationError | undefined;
  const identity = passwordIdentity({
    ...candidate,
    bindControls: [passwordPolicyControl()],
    onBind: (outcome) => {
      if ("result" in outcome) bound = outcome.result;
      else if (outcome.error instanceof OperationError) refused = outcome.error;
    },
  });
  try {
    // The connection is bound before it is lent.
    await cluster.read(identity, async () => undefined);
  } catch (error) {
    if (refused === undefined || notRefusals.has(refused.resultCode)) throw error;
    return { result: refused.result, isRefused: true };
  }
  if (bound === undefined) throw new TypeError("a connection was lent that had not been bound");
  return { result: bound, isRefused: false };
}
