/** Text of strangers on a terminal: what would move the cursor, or turn the writing around, is escaped. */
export function printable(text: string): string {
  return text.replaceAll(unprintable, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** C0 and C1 controls, line and paragraph separators, and the bidirectional controls of Unicode. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it is for
const unprintable = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;
