/** What a client bound with, kept in memory for as long as it is bound: to bind again as it, and to tell identities apart. */
import { createHmac, randomBytes } from "node:crypto";
import type { BindRequest } from "@espalier/ldap";
import type { BindCredentials } from "../upstream/backend-connections.ts";
import type { ConnectionIdentity } from "../upstream/connection-identity.ts";
import type { ReplayedBind } from "./identity/own-connections.ts";

/** Of this process alone: keys mean nothing outside it and cannot be searched for passwords. */
const processKey = randomBytes(32);

export class Credentials implements BindCredentials, ReplayedBind {
  /** As the client sent it. */
  readonly name: string;
  readonly #password: Uint8Array;
  #key: string | undefined;

  /** `password` is copied. */
  constructor(name: string, password: Uint8Array) {
    this.name = name;
    this.#password = new Uint8Array(password);
  }

  /** The same for the same name, as it was spelt, and the same password; for no other. */
  get key(): string {
    this.#key ??= createHmac("sha256", processKey)
      .update(`${Buffer.byteLength(this.name)}:${this.name}`)
      .update(this.#password)
      .digest("base64");
    return this.#key;
  }

  get identity(): ConnectionIdentity {
    return { kind: "user", key: this.key };
  }

  /** The simple bind to do as it. RFC 4511 §4.2. */
  get request(): BindRequest {
    return {
      type: "bindRequest",
      version: 3,
      name: this.name,
      authentication: { type: "simple", password: this.#password },
    };
  }

  /** Nothing of it prints. */
  toJSON(): string {
    return "[credentials]";
  }
}
