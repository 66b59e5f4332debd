/** What happens around sessions, for the audit trail. Never with a secret. */
import type { EventSink, NewEvent } from "@espalier/service";

/** Whom it is about and from where it came. */
export interface Subject {
  readonly cluster: string;
  readonly dn: string;
  readonly address: string;
}

/** Of somebody who wanted to sign in to a cluster, or by a provider. */
export interface Refusal {
  readonly cluster?: string;
  readonly provider?: string;
  readonly name: string;
  readonly address: string;
  readonly reason: string;
}

export type CloseReason =
  | "signed out"
  | "another sign-in"
  | "idle"
  | "too old"
  | "too many sessions"
  | "the directory refused its password";

export class SessionEvents {
  readonly #sink: EventSink;

  constructor(sink: EventSink) {
    this.#sink = sink;
  }

  opened(
    { cluster, dn, address }: Subject,
    data: { readonly session: string; readonly method: string; readonly provider?: string | undefined },
  ): void {
    this.#emit("session.opened", { subject: dn, actor: dn }, { cluster, address, ...data });
  }

  /** @param name as it was given: it may be nobody's */
  refused({ name, ...data }: Refusal, isRepeated = false): void {
    const severity = isRepeated ? "medium" : "low";
    this.#emit("session.refused", { subject: name === "" ? "(no name)" : name, severity }, { ...data });
  }

  closed(subject: Omit<Subject, "address">, session: string, reason: CloseReason): void {
    const { cluster, dn } = subject;
    this.#emit("session.closed", { subject: dn, actor: dn }, { cluster, session, reason });
  }

  revoked(subject: Omit<Subject, "address">, session: string, by: Pick<Subject, "dn" | "address">): void {
    this.#emit(
      "session.revoked",
      { subject: subject.dn, actor: by.dn, severity: "low" },
      { cluster: subject.cluster, session, address: by.address },
    );
  }

  connected({ cluster, dn, address }: Subject, session: string, actor: string): void {
    this.#emit("session.connected", { subject: dn, actor }, { cluster, session, address });
  }

  disconnected(
    { cluster, dn }: Omit<Subject, "address">,
    session: string,
    reason: "asked for" | "the directory refused its password",
  ): void {
    this.#emit("session.disconnected", { subject: dn, actor: dn }, { cluster, session, reason });
  }

  secondFactor(
    what: "enrolled" | "removed" | "reset" | "recovery_codes_made" | "recovery_code_used",
    { cluster, dn }: Omit<Subject, "address">,
    by: Pick<Subject, "dn" | "address">,
  ): void {
    const severity = what === "reset" || what === "removed" ? "medium" : "low";
    this.#emit(`totp.${what}`, { subject: dn, actor: by.dn, severity }, { cluster, address: by.address });
  }

  /** @param by nobody where the directory did it */
  sharedPassword(
    what: "given" | "used" | "forgotten" | "refused",
    { cluster, dn }: Omit<Subject, "address">,
    by: Pick<Subject, "dn" | "address"> | undefined,
  ): void {
    const who = by === undefined ? {} : { actor: by.dn };
    const from = by === undefined ? {} : { address: by.address };
    this.#emit(`shared_password.${what}`, { subject: dn, severity: "low", ...who }, { cluster, ...from });
  }

  #emit(
    type: string,
    about: Pick<NewEvent, "subject" | "actor"> & Partial<Pick<NewEvent, "severity">>,
    data: Record<string, unknown>,
  ): void {
    this.#sink.emit({ type, severity: "info", source: "manager", audit: true, ...about, data });
  }
}
