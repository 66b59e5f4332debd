/** Text of creation forms in which `${NAME}` stands for what another field holds. */

/** Text as it is, or the name of a field. */
export type TemplatePart = { readonly text: string } | { readonly field: string };

const reference = /\$\{([^{}]*)\}/g;

/** `/home/${uid}` as the text `/home/` and the field `uid`. What is not of that form is text, a lone `$` too. */
export function parseTemplate(template: string): readonly TemplatePart[] {
  const parts: TemplatePart[] = [];
  let end = 0;
  for (const match of template.matchAll(reference)) {
    if (match.index > end) parts.push({ text: template.slice(end, match.index) });
    parts.push({ field: (match[1] ?? "").trim() });
    end = match.index + match[0].length;
  }
  if (end < template.length) parts.push({ text: template.slice(end) });
  return parts;
}

/** @returns `undefined` where a field that it needs has no value: half a text is worse than none */
export function fillTemplate(
  parts: readonly TemplatePart[],
  textOf: (field: string) => string | undefined,
): string | undefined {
  let filled = "";
  for (const part of parts) {
    const text = "text" in part ? part.text : textOf(part.field);
    if (text === undefined) return undefined;
    filled += text;
  }
  return filled;
}
