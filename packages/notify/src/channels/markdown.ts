/** Escaping text for chats that read Markdown: what comes out shows as what went in, links nowhere and mentions nobody. */
import type { MessageAction } from "./message.ts";
import { type EscapeCharacter, fitText, readableLine } from "./readable.ts";

const inlineSyntax = new Set(["\\", "`", "*", "_", "~", "[", "]", "(", ")", "|", "#", ">", "{", "}", "!"]);
/** A list, and the underline that makes a heading of the line above. */
const lineStartSyntax = new Set(["-", "+", "="]);

/** Indented lines would be code, or lose their indentation. */
const noBreakSpace = "\u00a0";

function escapeMarkdown(character: string, isLineStart: boolean): string {
  if (isLineStart && character === " ") return noBreakSpace;
  if (isLineStart && character === "\t") return noBreakSpace.repeat(4);
  return inlineSyntax.has(character) || (isLineStart && lineStartSyntax.has(character)) ? `\\${character}` : character;
}

/** Discord: `<` starts mentions, time stamps and emoji, `@` the names of everybody. Any punctuation takes a backslash. */
export const escapeDiscord: EscapeCharacter = (character, isLineStart) => {
  if (character === "<" || character === ":" || character === "@") return `\\${character}`;
  return escapeMarkdown(character, isLineStart);
};

/** Not to be seen, and no part of a name: what stands behind it is no mention. */
const zeroWidthSpace = "\u200b";
const htmlEntities: Readonly<Record<string, string>> = { "<": "&lt;", "&": "&amp;" };

/**
 * Mattermost: `@` and `~` name people and channels whatever stands before them, and `<url|text>` is a link in webhooks, before
 * Markdown is read; `=` has no escape there.
 */
export const escapeMattermost: EscapeCharacter = (character, isLineStart) => {
  if (character === "@") return `@${zeroWidthSpace}`;
  if (character === "~") return `\\~${zeroWidthSpace}`;
  if (isLineStart && character === "=") return `${zeroWidthSpace}=`;
  return htmlEntities[character] ?? escapeMarkdown(character, isLineStart);
};

/** `[label](url)`; the label is escaped already. A parenthesis would end the target, white space and `<` begin a title. */
export function markdownLink(escapedLabel: string, url: string): string {
  const target = url.replaceAll(
    /[()<>\s\\]/g,
    (character) => `%${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
  return `[${escapedLabel}](${target})`;
}

const labelLength = 80;

/** A last paragraph with as many links as `limit` characters hold: those of a long digest are more. */
export function linksParagraph(
  actions: readonly MessageAction[],
  escapeCharacter: EscapeCharacter,
  limit: number,
): string {
  let paragraph = "";
  for (const { label, url } of actions) {
    const link = markdownLink(fitText(readableLine(label), { limit: labelLength, escapeCharacter }), url);
    const longer = paragraph === "" ? `\n\n${link}` : `${paragraph} · ${link}`;
    if (longer.length <= limit) paragraph = longer;
  }
  return paragraph;
}
