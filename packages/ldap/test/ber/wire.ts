/** Wire bytes as the tests write them. */

/**
 * The bytes of hex digits, spaced where a reader wants it, with ASCII text in single quotes: `04 02 'cn'`. Anything else
 * is an error of the test.
 */
export function wire(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const [token] of text.matchAll(/'[^']*'|\S+?(?=[\s']|$)/g)) {
    if (token.startsWith("'")) bytes.push(...[...token.slice(1, -1)].map((char) => char.charCodeAt(0)));
    else if (/^([0-9a-f]{2})+$/.test(token))
      bytes.push(...token.match(/../g)!.map((pair) => Number.parseInt(pair, 16)));
    else throw new Error(`${token} is neither hex nor quoted`);
  }
  return Uint8Array.from(bytes);
}

/** UTF-8 bytes. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** As hex, for comparisons whose failure can be read. */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
