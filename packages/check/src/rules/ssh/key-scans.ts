/** What scripts do with the keys that ssh-keyscan prints: stored, compared with a pin, or compared in a way that cannot work. */
import type { ShellCommand, ShellWord } from "../../inputs/shell.ts";

export interface ScanFault {
  readonly kind: "unpinned" | "second scan" | "whole line";
  readonly command: ShellCommand;
}

export function* scanFaults(commands: readonly ShellCommand[]): Generator<ScanFault> {
  const scans = commands.filter((command) => programOf(command) === "ssh-keyscan");
  const listings = commands.filter(isListing);
  if (scans.length === 0 && listings.length === 0) return;
  const wholeLines = listings.filter((listing) => isComparedWhole(listing, commands));
  for (const command of wholeLines) yield { kind: "whole line", command };
  const comparesPin = commands.some(namesPin);
  for (const scan of scans) {
    const places = placesOf(scan, commands);
    if (!isStored(places, commands)) continue;
    const verifying = listings.filter((listing) => reads(listing, places, commands));
    // A comparison that never holds has been told, and lets nothing pass.
    if (verifying.length > 0 && comparesPin) continue;
    const isOfAnother = listings.some((listing) =>
      scans.some((other) => other !== scan && other.pipedInto === listing),
    );
    yield { kind: isOfAnother && comparesPin ? "second scan" : "unpinned", command: scan };
  }
}

function programOf({ words }: ShellCommand): string {
  const name = words.find(({ text }) => !/^(?:sudo|command|exec|timeout|\d+[smh]?|-.*)$/.test(text))?.text ?? "";
  return name.slice(name.lastIndexOf("/") + 1);
}

/** `ssh-keygen -l`, which shows fingerprints. */
function isListing(command: ShellCommand): boolean {
  return programOf(command) === "ssh-keygen" && command.words.some(({ text }) => /^-[a-zA-Z]*l/.test(text));
}

const knownHosts = /known_?hosts/i;

/** Where the output of a scan goes: files, as they are written, and variables, as `$NAME`. */
function placesOf(scan: ShellCommand, commands: readonly ShellCommand[]): ReadonlySet<string> {
  const places = new Set<string>();
  let last = scan;
  while (last.output === "pipe" && last.pipedInto !== undefined) {
    if (programOf(last.pipedInto) === "ssh-keygen") return places;
    last = last.pipedInto;
    if (programOf(last) === "tee")
      for (const { text } of last.words.slice(1)) if (!text.startsWith("-")) places.add(text);
  }
  for (const { operator, target } of last.redirections)
    if (/^(?:>>?|>\||&>>?)$/.test(operator)) places.add(target.text);
  for (const { assignments } of commands) {
    for (const { name, value } of assignments) if (value.substituted.includes(last)) places.add(`$${name}`);
  }
  return places;
}

/** Whether they come into known_hosts: at once, or by a command that has both the place and it. */
function isStored(places: ReadonlySet<string>, commands: readonly ShellCommand[]): boolean {
  if ([...places].some((place) => knownHosts.test(place) && !/tmp|temp|scan|new/i.test(place))) return true;
  return commands.some((command) => {
    const targets = command.redirections
      .filter(({ operator }) => operator.includes(">"))
      .map(({ target }) => target.text);
    const isMove = /^(?:mv|cp|install)$/.test(programOf(command));
    const into = isMove ? [...targets, command.words.at(-1)?.text ?? ""] : targets;
    return into.some((target) => knownHosts.test(target) && !places.has(target)) && uses(command, places);
  });
}

function uses({ words, redirections }: ShellCommand, places: ReadonlySet<string>): boolean {
  return [...words, ...redirections.map(({ target }) => target)].some((word) => isPlace(word, places));
}

function isPlace(word: ShellWord, places: ReadonlySet<string>): boolean {
  return places.has(word.text) || word.expansions.some(({ name }) => places.has(`$${name}`));
}

/** Whether `ssh-keygen -l` is given just what the scan brought. */
function reads(listing: ShellCommand, places: ReadonlySet<string>, commands: readonly ShellCommand[]): boolean {
  if (uses(listing, places)) return true;
  return commands.some((command) => command.pipedInto === listing && uses(command, places));
}

/** A fingerprint, or a variable for one. */
function namesPin({ words, assignments }: ShellCommand): boolean {
  const all = [...words, ...assignments.map(({ value }) => value)];
  return all.some(
    ({ text, expansions }) =>
      /SHA256:[A-Za-z0-9+/]{43}/.test(text) ||
      expansions.some(({ name }) => /finger_?print|(?:^|_)fp(?:_|$)|(?:^|_)pins?(?:_|$)|expected/i.test(name)),
  );
}

/** `[ "$(… ssh-keygen -lf -)" = "$PIN" ]`: the line has the length, the host and the type around the fingerprint. */
function isComparedWhole(listing: ShellCommand, commands: readonly ShellCommand[]): boolean {
  if (listing.output !== "captured") return false;
  const variables = new Set(
    commands.flatMap(({ assignments }) =>
      assignments.filter(({ value }) => value.substituted.includes(listing)).map(({ name }) => name),
    ),
  );
  const isLine = ({ text, expansions, substituted }: ShellWord) =>
    substituted.includes(listing) || expansions.some(({ name }) => variables.has(name) && /^\$\{?\w+\}?$/.test(text));
  return commands.some(({ words }) => {
    if (!/^(?:\[|\[\[|test)$/.test(words[0]?.text ?? "")) return false;
    return words.some((word, index) => {
      if (!/^(?:=|==|!=)$/.test(word.text)) return false;
      const [left, right] = [words[index - 1], words[index + 1]];
      if (left === undefined || right === undefined || isLine(left) === isLine(right)) return false;
      const other = isLine(left) ? right : left;
      return other.text !== "" && !other.text.includes("*");
    });
  });
}
