/** One entry that a search found, RFC 4511 §4.5.2. */
import type { Control, PartialAttribute, SearchResultEntry } from "../message/message.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Values are bytes; `text` and `texts` read them as UTF-8. The bytes are the entry's own and may be kept. */
export class SearchEntry implements SearchResultEntry {
  readonly type = "searchResultEntry";
  readonly objectName: string;
  readonly attributes: readonly PartialAttribute[];
  /** Controls of this entry's message: the state of a content synchronization, for instance. */
  readonly controls: readonly Control[];

  constructor(entry: SearchResultEntry, controls: readonly Control[]) {
    this.objectName = entry.objectName;
    this.attributes = entry.attributes;
    this.controls = controls;
  }

  /** The values of exactly this attribute description, options included, in any letter case; none where it is not there. */
  values(description: string): readonly Uint8Array[] {
    const wanted = description.toLowerCase();
    return this.attributes.find(({ type }) => type.toLowerCase() === wanted)?.values ?? [];
  }

  /** @throws {TypeError} where a value is not UTF-8. */
  texts(description: string): string[] {
    return this.values(description).map((value) => decoder.decode(value));
  }

  /** The first value, in the server's order. @throws {TypeError} where it is not UTF-8. */
  text(description: string): string | undefined {
    const [value] = this.values(description);
    return value === undefined ? undefined : decoder.decode(value);
  }
}
