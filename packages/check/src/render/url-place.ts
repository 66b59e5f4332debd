/** Values inside of a URL, RFC 3986: which component a placeholder stands in, and how its value is written there. */

export type UrlPlace = "userinfo" | "host" | "path" | "query";

const beforePattern = /^.*(?:[A-Za-z][A-Za-z0-9+.-]*|\}\}):\/\/([^\s"'`<>]*)$/;
const restOfAuthority = /^[^\s"'`<>/?#]*/;

/**
 * The component that `text.slice(start, end)` is part of; undefined where it is not behind a scheme and `://` on its line. What
 * is neither user nor password before a host counts as the host, its port included.
 */
export function urlPlaceOf(text: string, start: number, end: number): UrlPlace | undefined {
  const lineStart = text.lastIndexOf("\n", start - 1) + 1;
  const [, before] = beforePattern.exec(text.slice(lineStart, start)) ?? [];
  if (before === undefined) return undefined;
  if (/[?#]/.test(before.replaceAll("{{", ""))) return "query";
  if (before.includes("/")) return "path";
  const [rest = ""] = restOfAuthority.exec(text.slice(end, end + 4096)) ?? [];
  return !before.includes("@") && rest.includes("@") ? "userinfo" : "host";
}

/** Percent-encoded but for RFC 3986 §2.3's unreserved characters: right in every component, and harmless in every language. */
export function encodeUrlComponent(value: string): string {
  return encodeURIComponent(value.toWellFormed()).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** As it is written there; undefined where the place cannot hold it. */
export function encodeForUrl(value: string, place: UrlPlace): string | undefined {
  switch (place) {
    case "userinfo":
    case "query":
      return encodeUrlComponent(value);
    case "host":
      // A name, an address, several of them, a port: whatever else would end the authority.
      return /^[\p{L}\p{N}._:,[\]-]*$/u.test(value) ? value : undefined;
    case "path":
      // Dot segments are taken out of a path by who resolves it, percent-encoded too (§5.2.4).
      if (/(?:^|\/)\.{1,2}(?:\/|$)/.test(value)) return undefined;
      return value.split("/").map(encodePathSegment).join("/");
  }
}

/** `pchar` of §3.3 without the apostrophe, which ends strings in other languages. */
function encodePathSegment(segment: string): string {
  return encodeUrlComponent(segment).replaceAll(/%(?:3A|40|24|26|2B|2C|3B|3D|21)/g, (code) =>
    String.fromCharCode(Number.parseInt(code.slice(1), 16)),
  );
}
