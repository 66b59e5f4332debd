/** Passwords among the arguments of a program, where `ps`, /proc and `docker inspect` show them to others. */

import { parseShell, parseShellText } from "../../inputs/shell/parser.ts";
import type { ShellCommand, ShellWord } from "../../inputs/shell.ts";
import { InputError } from "../../inputs/source-file.ts";
import { isSwitchOrPath, secretExpanded, tellsSecret, urlPassword } from "./secret-name.ts";

export interface PasswordArgument {
  /** Without its folder: `ldapsearch`. */
  readonly program: string;
  /** How it is given: `-w`, `--password`, `-u`, `a URL`. Never the value. */
  readonly how: string;
  readonly word: ShellWord;
  /** The variable that it is filled from; undefined where it is written out. */
  readonly variable: string | undefined;
}

/** What of a program's options takes a password. */
interface Options {
  /**
   * Short options whose value is one, in the same word or, unless `isAttachedOnly`, the next. `flags` are those without a
   * value, which may stand before it in the same word.
   */
  readonly short?: { readonly letters: string; readonly isAttachedOnly?: boolean; readonly flags?: string };
  /** Long options whose value is one, after `=` or in the next word, without the `--`. */
  readonly long?: readonly string[];
  /** Those whose value is one only after a colon or percent sign: `curl -u user:password`. */
  readonly credentials?: {
    readonly letters: string;
    readonly flags: string;
    readonly long: readonly string[];
    readonly separator: ":" | "%";
  };
  /** The first word after the options must be this one. */
  readonly subcommand?: string;
}

const ldap: Options = { short: { letters: "w", flags: "AacCdeILMnNPQrSTtuvVxZ" } };
const mysql: Options = { short: { letters: "p", isAttachedOnly: true }, long: ["password"] };
const mongo: Options = { short: { letters: "p" }, long: ["password"] };
const redis: Options = { short: { letters: "a" }, long: ["pass"] };
const login: Options = { short: { letters: "p" }, long: ["password"], subcommand: "login" };

const programs: Readonly<Record<string, Options>> = {
  ...Object.fromEntries(
    ["add", "compare", "delete", "exop", "modify", "modrdn", "search", "whoami"].map((name) => [`ldap${name}`, ldap]),
  ),
  ldappasswd: { short: { letters: "was", flags: "AdnNPQvVxZ" } },
  slappasswd: { short: { letters: "s" } },
  ...Object.fromEntries(["mysql", "mysqladmin", "mysqldump", "mysqlcheck", "mysqlshow"].map((name) => [name, mysql])),
  ...Object.fromEntries(
    ["mariadb", "mariadb-admin", "mariadb-dump", "mariadb-check", "mariadb-backup"].map((name) => [name, mysql]),
  ),
  mongo,
  mongosh: mongo,
  mongodump: mongo,
  mongorestore: mongo,
  "redis-cli": redis,
  "valkey-cli": redis,
  "clickhouse-client": { long: ["password"] },
  "redis-server": { long: ["requirepass", "masterauth"] },
  "valkey-server": { long: ["requirepass", "primaryauth"] },
  curl: { credentials: { letters: "uU", flags: "46fgGiIjkLNnOqRsSv#", long: ["user", "proxy-user"], separator: ":" } },
  wget: { long: ["password", "http-password", "ftp-password", "proxy-password"] },
  sshpass: { short: { letters: "p" } },
  docker: login,
  podman: login,
  helm: login,
  smbclient: { credentials: { letters: "U", flags: "gNkP", long: ["user"], separator: "%" } },
  gpg: { long: ["passphrase"] },
  zip: { short: { letters: "P" } },
  psql: {},
  pg_isready: {},
  pg_dump: {},
  pg_restore: {},
  openssl: {},
};

/** They run what comes after their own arguments. */
const wrappers =
  /^(?:sudo|doas|env|exec|command|time|timeout|nice|ionice|nohup|setsid|stdbuf|xargs|watch|gosu|su-exec|runuser|setpriv|chroot|docker|docker-compose|podman|kubectl|ssh)$/;
const containers = /^(?:docker|docker-compose|podman|kubectl)$/;
const shells = /^(?:ba|da|k|z)?sh$/;

/** Builtins of the shell: no process is started, so nobody else sees their arguments. */
const builtins: ReadonlySet<string> = new Set([
  ...[
    ":",
    ".",
    "[",
    "[[",
    "alias",
    "break",
    "case",
    "cd",
    "declare",
    "echo",
    "eval",
    "exit",
    "export",
    "false",
    "getopts",
  ],
  ...["hash", "let", "local", "mapfile", "print", "printf", "pwd", "read", "readarray", "readonly", "return", "set"],
  ...["shift", "source", "test", "trap", "true", "typeset", "umask", "unalias", "unset", "wait"],
]);

/** What they are given is what they look for. */
const searching = /^(?:[ef]?grep|rg|ag|ack|find)$/;

/** @param isSecret which variables hold a secret. */
export function* passwordArguments(
  words: readonly ShellWord[],
  isSecret: (name: string) => boolean,
): Generator<PasswordArgument> {
  const [first, ...rest] = words;
  if (first === undefined) return;
  const name = programOf(first);
  if (builtins.has(name) || searching.test(name)) return;
  yield* variablesGiven(name, rest, isSecret);
  if (shells.test(name)) {
    yield* inScript(rest, isSecret);
    return;
  }
  const inner = wrappers.test(name) ? innerCommand(name, rest) : undefined;
  if (inner !== undefined) {
    yield* passwordArguments(inner, isSecret);
    return;
  }
  const found = new Set<ShellWord>();
  for (const candidate of argumentsOf(name, rest)) {
    const argument = judged(candidate, isSecret);
    if (argument === undefined || found.has(argument.word)) continue;
    found.add(argument.word);
    yield argument;
  }
}

export function programOf(word: ShellWord): string {
  return word.text.slice(word.text.lastIndexOf("/") + 1);
}

/** The command after a wrapper: from the first word that is a known program or a shell. */
function innerCommand(wrapper: string, words: readonly ShellWord[]): readonly ShellWord[] | undefined {
  // `docker run -p 27017:27017 mongo`: what comes before the image are options of docker.
  if (containers.test(wrapper) && !words.some(({ text }) => text === "exec")) return undefined;
  const at = words.findIndex((word) => {
    const name = programOf(word);
    return Object.hasOwn(programs, name) || shells.test(name);
  });
  return at < 0 ? undefined : words.slice(at);
}

/** `sh -c 'mysql -p…'`. */
function* inScript(words: readonly ShellWord[], isSecret: (name: string) => boolean): Generator<PasswordArgument> {
  const at = words.findIndex(({ text }) => /^-\w*c$/.test(text));
  const script = at < 0 ? undefined : words[at + 1];
  if (script === undefined) return;
  for (const { words: inner } of commandsIn(script.text)) {
    for (const argument of passwordArguments(inner, isSecret)) yield { ...argument, word: script };
  }
}

/** None where the text is not whole, as where a part of it is filled in later. */
export function commandsIn(text: string): readonly ShellCommand[] {
  try {
    return parseShell(text);
  } catch (error) {
    if (error instanceof InputError) return [];
    throw error;
  }
}

/** A word of a list that no shell reads: quotes have no meaning in it. */
export function wordOf(text: string): ShellWord {
  try {
    return parseShellText(text);
  } catch (error) {
    if (error instanceof InputError) return { text, start: 0, end: text.length, expansions: [], substituted: [] };
    throw error;
  }
}

interface Candidate {
  readonly program: string;
  readonly how: string;
  readonly word: ShellWord;
  /** The part of the word that is the password. */
  readonly value: string;
}

function* argumentsOf(program: string, words: readonly ShellWord[]): Generator<Candidate> {
  const options = Object.hasOwn(programs, program) ? programs[program] : undefined;
  const isOther = options?.subcommand !== undefined && !words.some(({ text }) => text === options.subcommand);
  for (const [index, word] of words.entries()) {
    const next = words[index + 1];
    const long = /^--([a-z][\w-]*)(?:=([\s\S]*))?$/.exec(word.text);
    if (long !== null) {
      const [, name = "", value] = long;
      if (
        value !== undefined &&
        !name.startsWith("no-") &&
        (options?.long?.includes(name) || tellsSecret(name.replaceAll("-", "_")))
      ) {
        yield { program, how: `--${name}`, word, value };
      } else if (
        value === undefined &&
        next !== undefined &&
        options?.long?.includes(name) &&
        !next.text.startsWith("-") &&
        options.short?.isAttachedOnly !== true
      ) {
        yield { program, how: `--${name}`, word: next, value: next.text };
      } else if (options?.credentials?.long.includes(name)) {
        const holder = value === undefined ? next : word;
        if (holder !== undefined) yield* credentialsIn(program, `--${name}`, holder, value ?? holder.text, options);
      }
    } else if (options !== undefined && !isOther) yield* shortOption(program, word, next, options);
    const [, inUrl] = urlPassword.exec(word.text) ?? [];
    if (inUrl !== undefined) yield { program, how: "a URL", word, value: inUrl };
    const [, phrase] = /^pass:([\s\S]+)$/.exec(word.text) ?? [];
    if (program === "openssl" && phrase !== undefined) yield { program, how: "pass:", word, value: phrase };
    const [, header] = /(?:^|=)Authorization:\s*(?:Basic|Bearer)\s+([\s\S]+)$/i.exec(word.text) ?? [];
    if (header !== undefined) yield { program, how: "a header", word, value: header };
    const [, conninfo] = /(?:^|\s)password=(\S+)/.exec(word.text) ?? [];
    if (conninfo !== undefined && !word.text.startsWith("-"))
      yield { program, how: "password=", word, value: conninfo };
  }
}

function* shortOption(
  program: string,
  word: ShellWord,
  next: ShellWord | undefined,
  { short, credentials }: Options,
): Generator<Candidate> {
  if (short !== undefined) {
    const [, option = "", attached = ""] =
      new RegExp(`^-[${short.flags ?? ""}]*([${short.letters}])([\\s\\S]*)$`).exec(word.text) ?? [];
    if (option !== "" && attached !== "") yield { program, how: `-${option}`, word, value: attached };
    else if (option !== "" && short.isAttachedOnly !== true && next !== undefined) {
      yield { program, how: `-${option}`, word: next, value: next.text };
    }
  }
  if (credentials !== undefined) {
    const [, option = "", attached = ""] =
      new RegExp(`^-[${credentials.flags}]*([${credentials.letters}])([\\s\\S]*)$`).exec(word.text) ?? [];
    const holder = attached === "" ? next : word;
    if (option !== "" && holder !== undefined) {
      yield* credentialsIn(program, `-${option}`, holder, attached === "" ? holder.text : attached, { credentials });
    }
  }
}

/** `user:password`; the user alone makes the program ask. */
function* credentialsIn(
  program: string,
  how: string,
  word: ShellWord,
  text: string,
  { credentials }: Options,
): Generator<Candidate> {
  // A `:` inside of `${USER:-x}` separates nothing.
  const plain = text.replace(/\$\{[^}]*\}/g, (expansion) => "$".repeat(expansion.length));
  const at = plain.indexOf(credentials?.separator ?? ":");
  if (at >= 0 && at + 1 < text.length) yield { program, how, word, value: text.slice(at + 1) };
}

/** A candidate that is one: a secret's value, or text that is written out. */
function judged(
  { program, how, word, value }: Candidate,
  isSecret: (name: string) => boolean,
): PasswordArgument | undefined {
  const part = wordOf(value);
  const secret = secretExpanded(part, isSecret);
  if (secret !== undefined) return { program, how, word, variable: secret.name };
  const [expansion] = part.expansions;
  if (expansion !== undefined) return { program, how, word, variable: expansion.name };
  if (part.substituted.length > 0) return { program, how, word, variable: undefined };
  return isSwitchOrPath(value) ? undefined : { program, how, word, variable: undefined };
}

/** `env NAME=value program` and `docker run -e NAME=value`: arguments that set a variable. */
function* variablesGiven(
  program: string,
  words: readonly ShellWord[],
  isSecret: (name: string) => boolean,
): Generator<PasswordArgument> {
  if (!/^(?:env|docker|docker-compose|podman|kubectl|sudo)$/.test(program)) return;
  for (const [index, word] of words.entries()) {
    const isGiven = program === "env" || program === "sudo" || /^(?:-e|--env)$/.test(words[index - 1]?.text ?? "");
    const [, , name = "", value = ""] = /^(--env=|-e)?([A-Za-z_]\w*)=([\s\S]*)$/.exec(word.text) ?? [];
    if ((!isGiven && !/^(?:--env=|-e)/.test(word.text)) || !tellsSecret(name) || isSwitchOrPath(value)) continue;
    yield { program, how: name, word, variable: secretExpanded(word, isSecret)?.name };
  }
}
