/** Which variables hold a secret, by their names and by what they are filled from. */
import { namesSecret } from "@espalier/service/plain";
import { expandsValue, type ShellCommand, type ShellExpansion, type ShellWord } from "../../inputs/shell.ts";

/** Keys that are secrets though `namesSecret`, which is for the fields of a log, lets them pass. */
const secretKeys = /(?:secret|master|encryption|signing|session|jwt|hmac|cookie)_?keys?(?:_?base)?$/i;
/** `COMPASS` and `MAX_TOKEN` end as secrets do. */
const innocent =
  /(?:(?:^|_)(?:compass|bypass)|(?:max|min|num|limit)_?tokens?|(?:^|_)(?:require|allow|use|enable|has)_\w*)$/i;

/** `DB_PASSWORD`, `apiToken`, `SECRET_KEY_BASE`; not `DB_PASSWORD_FILE`. */
export function tellsSecret(name: string): boolean {
  return (namesSecret(name) || secretKeys.test(name)) && !innocent.test(name);
}

/** What is not a secret whatever its name is: nothing, a switch, the path of a file. */
export function isSwitchOrPath(value: string): boolean {
  return (
    value === "" || /^(?:true|false|yes|no|on|off|0|1|none|null)$/i.test(value) || /^\.{0,2}\/[\w./-]+$/.test(value)
  );
}

/** A URL with a password in it; `$1` is the password. */
export const urlPassword = /:\/\/[^\s/:@'"]*:([^\s/@'"]+)@/;

/** The variables of a script that hold a secret: by name, and those that are given one of these or a file of secrets. */
export function secretVariables(commands: readonly ShellCommand[]): (name: string) => boolean {
  const given = new Set<string>();
  const isSecret = (name: string) => given.has(name) || tellsSecret(name);
  for (const { assignments } of commands) {
    for (const { name, value } of assignments) {
      if (isReference(value, isSecret) || readsSecretFile(value)) given.add(name);
    }
  }
  return isSecret;
}

/** The first secret whose value is expanded in the word itself, not in a command that is substituted in it. */
export function secretExpanded(word: ShellWord, isSecret: (name: string) => boolean): ShellExpansion | undefined {
  return word.expansions.find((expansion) => isSecret(expansion.name) && expandsValue(expansion));
}

/** `"$PASSWORD"` alone: what is worked out of it may be a hash. */
function isReference(value: ShellWord, isSecret: (name: string) => boolean): boolean {
  const [only] = value.expansions;
  return (
    only !== undefined && /^\$(?:\w+|\{[^}]*\})$/.test(value.text) && secretExpanded(value, isSecret) !== undefined
  );
}

function readsSecretFile(value: ShellWord): boolean {
  return /^\$\((?:cat\s+|<\s*)["']?(?:\/run\/secrets\/|\$\{?\w*(?:PASSWORD|SECRET|TOKEN)_FILE\b)[^|;]*\)$/i.test(
    value.text,
  );
}
