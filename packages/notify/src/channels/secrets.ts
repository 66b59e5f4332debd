/** Keeping secrets out of reasons: peers repeat requests in their answers, and the URL of a chat's webhook is a secret itself. */

export type HideSecrets = (text: string) => string;

/** Replaces each of `secrets`, also where it is percent-encoded or in base64. */
export function secretHider(secrets: readonly string[]): HideSecrets {
  const spellings = secrets.flatMap((secret) => [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    Buffer.from(secret).toString("base64"),
    Buffer.from(secret).toString("base64url"),
  ]);
  const longestFirst = [...new Set(spellings)].filter((text) => text !== "").sort((a, b) => b.length - a.length);
  return (text) => longestFirst.reduce((hidden, secret) => hidden.replaceAll(secret, "[secret]"), text);
}

/** Shorter parts of a path are words such as `api` or `hooks`. */
const shortestToken = 8;

/** What must not be shown of a URL that is a secret: all behind its host, and the tokens in that one by one. */
export function urlSecrets(url: URL): readonly string[] {
  const parts = [...url.pathname.split("/"), ...url.searchParams.values()];
  const tokens = parts.filter((part) => part.length >= shortestToken);
  const path = `${url.pathname}${url.search}`;
  return path.length >= shortestToken ? [path, ...tokens, ...tokens.map(decoded)] : tokens;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** One line of a peer's text, short enough for a log. */
export function excerpt(text: string): string {
  const line = text.replaceAll(/[\s\p{Cc}\p{Cf}]+/gu, " ").trim();
  return line.length > 200 ? `${line.slice(0, 199).toWellFormed()}…` : line;
}
