/** What a check of a backend asks and finds, apart from when it is made and what follows from it. */
import type { PartialAttribute, ReplicaVector } from "@espalier/ldap";
import type { FailureKind } from "./health-judge.ts";

export interface HealthCheck {
  /** Resolves when the backend answered as it should, at the latest after `timeoutMs`. @throws {CheckFailure} */
  probe(timeoutMs: number): Promise<void>;
  /** What else is to be known of a backend that has answered. What cannot be found out is left out; never rejects. */
  inspect(timeoutMs: number): Promise<Inspection>;
  /** Asks whether it takes writes; `undefined` where it does not let us ask. Never rejects. */
  probeWrite(timeoutMs: number): Promise<boolean | undefined>;
}

export interface Inspection {
  /** Which changes it has. */
  readonly vector?: ReplicaVector | undefined;
  readonly isWritable?: boolean | undefined;
  /** Every attribute; not with every inspection. */
  readonly rootDse?: readonly PartialAttribute[] | undefined;
}

export class CheckFailure extends Error {
  override readonly name = "CheckFailure";
  readonly kind: FailureKind;

  constructor(kind: FailureKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}
