import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mailParts } from "../../src/channels/mail-parts.ts";
import { escapeHtml } from "../../src/escape-html.ts";
import { longText, message, strangersText } from "./messages.ts";

/** Names of elements and of their attributes, in order: the structure that a text must not change. */
function structureOf(html: string): readonly string[] {
  return [...html.matchAll(/<(\/?[a-z!][a-z0-9]*)([^>]*)>/gi)].map(([, name, attributes = ""]) =>
    [name, ...[...attributes.matchAll(/\s([a-z-]+)="[^"]*"/g)].map(([, attribute]) => attribute)].join(" "),
  );
}

describe("a mail's parts", () => {
  it("have the structure of the message, whatever strangers wrote into it", () => {
    fc.assert(
      fc.property(strangersText, strangersText, strangersText, (title, label, value) => {
        const oneLine = value.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]/gu, " ");
        const parts = (a: string, b: string, c: string) =>
          mailParts(
            message({
              title: a,
              text: `head\n  name: v${c}v`,
              actions: [{ label: b, url: `https://n.example/?q=${c}` }],
            }),
            undefined,
          );
        expect(structureOf(parts(title, label, oneLine).html)).toEqual(structureOf(parts("t", "l", "v").html));
      }),
    );
  });

  it("stay within bounds, and are one line where they are a header", () => {
    fc.assert(
      fc.property(longText, longText, (title, text) => {
        const parts = mailParts(message({ title, text }), "https://notify.example");
        expect(parts.subject).toMatch(/^[^\p{Cc}]{0,250}$/u);
        expect(parts.text.length).toBeLessThan(60_000);
      }),
      { numRuns: 30 },
    );
  });

  it("show indented names and values as a table, and their further lines under the value", () => {
    const { html } = mailParts(message({ text: "head\n  a: 1\n  b: 2\n      more\n\ntail: not indented" }), undefined);
    const cells = [...html.matchAll(/<td class="(?:quiet|ink)"[^>]*>([^<]*)<\/td>/g)].map(([, cell]) => cell);
    const paragraphs = [...html.matchAll(/<p class="ink"[^>]*>([^<]*)<\/p>/g)].map(([, text]) => text);
    expect({ cells, paragraphs }).toEqual({
      cells: ["a", "1", "b", "2", "", "more"],
      paragraphs: ["head", "tail: not indented"],
    });
  });

  it("escape for text and for attributes", () => {
    expect(escapeHtml(`<a href="x" title='y'>&</a>\u202e`)).toBe(
      "&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;&lt;/a&gt;",
    );
  });
});
