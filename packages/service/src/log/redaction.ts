/**
 * The second net under secrets in the log. The first is the type `Secret` and not logging them at all; this one catches a
 * field whose name gives it away, and the password inside a URL.
 */

export const redacted = "[secret]";

const secretKey =
  /(?:pass|passwd|password|passphrase|secret|token|authorization|cookie|credentials?|private_?key|api_?key|key_?content)$/i;

/** `password`, `userPassword`, `SQL_PASSWORD`, `clientSecret`, `set-cookie`, …: what the name ends in decides. */
export function namesSecret(key: string): boolean {
  return secretKey.test(key);
}

/** `postgres://user:[secret]@host` for a URL with a password anywhere in `text`. */
export function redactUrls(text: string): string {
  return text.includes("://") ? text.replaceAll(/(:\/\/[^\s/:@]*):[^\s/]*@/g, `$1:${redacted}@`) : text;
}
