import fc from "fast-check";
import { marked } from "marked";
import { describe, expect, it } from "vitest";
import { escapeDiscord, escapeMattermost, markdownLink } from "../../src/channels/markdown.ts";
import { fitText, readable, readableLine, utf8Length } from "../../src/channels/readable.ts";
import { escapeSlack } from "../../src/channels/slack.ts";
import { longText, strangersText } from "./messages.ts";

const escapes = { escapeSlack, escapeDiscord, escapeMattermost };

describe("text of strangers", () => {
  it("loses control characters, broken surrogates and what turns the direction of writing around", () => {
    expect(readable("a\u0000b\u001b[31mc\u202ed\u2066e\ud83df\r\ng\rh\u2028i\tj\u0085k")).toBe(
      "ab[31mcde\ufffdf\ng\nh\ni\tjk",
    );
  });

  it("is one line where there is room for one", () => {
    expect(readableLine(" a\r\n\tb \u2029 c ")).toBe("a b c");
  });

  it("stays as it is where it fits", () => {
    expect(fitText("a<b>&c", { limit: 6 })).toBe("a<b>&c");
    expect(fitText("a<b>&c", { limit: 18, escapeCharacter: escapeSlack })).toBe("a&lt;b&gt;&amp;c");
  });

  it("is cut before a character that would not fit whole, escape and all, and says so", () => {
    expect(fitText("ab<c", { limit: 6, escapeCharacter: escapeSlack })).toBe("ab…");
    expect(fitText("ab<c", { limit: 7, escapeCharacter: escapeSlack })).toBe("ab&lt;c");
    expect(fitText("a😀b", { limit: 3 })).toBe("a…");
    expect(fitText("äöü", { limit: 5, measure: utf8Length })).toBe("ä…");
    expect(fitText("abc", { limit: 0 })).toBe("");
  });

  it("is never longer than the limit, in what the limit counts", () => {
    fc.assert(
      fc.property(
        longText,
        fc.integer({ min: 0, max: 5_000 }),
        fc.constantFrom(...Object.values(escapes)),
        (text, limit, escapeCharacter) => {
          expect(fitText(text, { limit, escapeCharacter }).length).toBeLessThanOrEqual(limit);
          const inBytes = fitText(text, { limit, escapeCharacter, measure: utf8Length });
          expect(utf8Length(inBytes)).toBeLessThanOrEqual(limit);
          expect(inBytes.isWellFormed()).toBe(true);
        },
      ),
      { numRuns: 50 },
    );
  });
});

const anyLength = { limit: Number.MAX_SAFE_INTEGER };

describe("escaping for chats", () => {
  it("leaves Slack nothing that starts a link, a mention or an entity of its own, and can be undone", () => {
    fc.assert(
      fc.property(strangersText, (text) => {
        const escaped = fitText(text, { ...anyLength, escapeCharacter: escapeSlack });
        expect(escaped).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)/);
        const undone = escaped.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
        expect(undone).toBe(readable(text));
      }),
    );
  });

  it("leaves Discord no mention, time stamp, emoji or name of everybody", () => {
    fc.assert(
      fc.property(strangersText, (text) => {
        const escaped = fitText(text, { ...anyLength, escapeCharacter: escapeDiscord });
        const unescaped = escaped.replaceAll(/\\[^\sA-Za-z0-9]/g, "");
        expect(unescaped).not.toMatch(/[<>@:[\]()*_~`|#{}!\\]/);
        const shown = escaped.replaceAll(/\\([^\sA-Za-z0-9])/g, "$1");
        expect(shown.replaceAll(/\s/g, "")).toBe(readable(text).replaceAll(/\s/g, ""));
      }),
    );
  });

  it("leaves Mattermost no name of a person or a channel, and no link of Slack's kind", () => {
    fc.assert(
      fc.property(strangersText, (text) => {
        const escaped = fitText(text, { ...anyLength, escapeCharacter: escapeMattermost });
        expect(escaped).not.toMatch(/[@~][^\u200b]|[@~]$|</);
      }),
    );
  });

  // A reader of Markdown that is neither product's own: what it makes of the text shows which syntax was left.
  it("leaves a reader of Markdown neither a link nor an image, nor emphasis, code, headings, quotes, tables or HTML", () => {
    const syntax = [
      "link",
      "image",
      "strong",
      "em",
      "del",
      "codespan",
      "code",
      "heading",
      "blockquote",
      "table",
      "html",
      "hr",
    ];
    fc.assert(
      fc.property(strangersText, fc.constantFrom(escapeDiscord, escapeMattermost), (text, escapeCharacter) => {
        const escaped = fitText(text, { ...anyLength, escapeCharacter });
        const found = new Set<string>();
        marked.walkTokens(marked.lexer(escaped, { gfm: true }), (token) => {
          // An address that is spelled out links to itself, which forges nothing.
          const isBare = token.type === "link" && token.href.replace(/^mailto:/, "").endsWith(token.text);
          if (syntax.includes(token.type) && !isBare) found.add(`${token.type}: ${token.raw}`);
        });
        expect([...found]).toEqual([]);
      }),
    );
  });

  it("links a label to its address whatever is in the address", () => {
    expect(markdownLink("Approve", "https://n.example/a?t=(x) [y]<z>\\")).toBe(
      "[Approve](https://n.example/a?t=%28x%29%20[y]%3cz%3e%5c)",
    );
  });
});
