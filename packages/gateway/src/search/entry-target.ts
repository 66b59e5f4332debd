/** An entry as filters see it. One target serves a whole search: set `entry`, then evaluate. */
import type { FilterTarget } from "@espalier/ldap";
import type { Entry } from "../snapshot/entry.ts";

export class EntryTarget implements FilterTarget {
  entry: Entry | undefined;

  get dn(): string {
    return this.entry?.dn ?? "";
  }

  values(key: string): readonly Uint8Array[] {
    const position = this.entry?.shape.positions.get(key);
    return position === undefined ? noValues : this.entry!.valuesAt(position);
  }
}

const noValues: readonly Uint8Array[] = [];
