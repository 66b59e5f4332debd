/** What a channel is given beside its configuration. */
import { readFileSync } from "node:fs";
import type { Logger } from "@espalier/service";
import type { AddressPolicy } from "../outbound/address-policy.ts";
import type { Resolve } from "../outbound/http-client.ts";

export interface ChannelSurroundings {
  /** The channel's name in the configuration. */
  readonly name: string;
  readonly outbound: AddressPolicy;
  readonly logger: Logger;
  /** Where people reach this service. */
  readonly publicUrl?: string | undefined;
  /** The system's, unless told. */
  readonly resolve?: Resolve;
  /** Milliseconds since 1970; the clock, unless told. */
  readonly now?: () => number;
  readonly randomBytes?: (length: number) => Buffer;
}

/**
 * The PEM file that a channel's `ca` names, as an option of TLS.
 *
 * @throws Error with a sentence when it cannot be read.
 */
export function readAuthority(path: string | undefined): { readonly ca?: string } {
  if (path === undefined) return {};
  try {
    return { ca: readFileSync(path, "utf8") };
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new Error(`the authority's certificate ${path} cannot be read (${code})`, { cause });
  }
}
