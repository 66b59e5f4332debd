/** A configured value that must not be printed: only `reveal()` gives the text. */
import { inspect } from "node:util";
import { z } from "zod";
import { valueMetadata } from "./schema-tree.ts";

const hidden = "[secret]";

export class Secret {
  readonly #text: string;
  constructor(text: string) {
    this.#text = text;
  }
  /** The text itself. Call it where the text is used, never to keep or to pass it on. */
  reveal(): string {
    return this.#text;
  }
  toString(): string {
    return hidden;
  }
  toJSON(): string {
    return hidden;
  }
  [inspect.custom](): string {
    return hidden;
  }
}

/** A key whose text, at least one character, becomes a {@link Secret}. No problem report repeats such a value. */
export function secret() {
  return z
    .string()
    .min(1, "must not be empty")
    .transform((text) => new Secret(text))
    .register(valueMetadata, { secret: true, valueType: "secret text" });
}
