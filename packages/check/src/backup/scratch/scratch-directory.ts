/** A directory server that a drill made, holding the entries of a backup. */
import { setTimeout as delay } from "node:timers/promises";
import { LdapClient } from "@espalier/ldap/client";
import type { Bytes } from "../parts/part.ts";

export interface DirectoryToDrill {
  readonly baseDn: string;
  readonly schema: Bytes;
  /** Anew each time. */
  readonly entries: () => Bytes;
  readonly plainBytes: number;
}

/** Disposing of it removes it. */
export interface ScratchDirectory extends AsyncDisposable {
  /** What it holds, as LDIF; anew each time. */
  entries(): Bytes;
}

const pauseMs = 25;

/** Tries until it listens, or `signal` says that there is no sense in it any more. */
export async function connectSoon(url: string, signal: AbortSignal): Promise<LdapClient> {
  for (;;) {
    try {
      return await LdapClient.connect({ url });
    } catch (error) {
      if (signal.aborted) throw error;
      await delay(pauseMs);
    }
  }
}
