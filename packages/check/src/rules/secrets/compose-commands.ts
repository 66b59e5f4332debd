/** The commands that a compose file runs in its containers, as the shell or the list of words that they are. */
import type { ConfigNode } from "../../inputs/config-node.ts";
import type { ShellCommand, ShellWord } from "../../inputs/shell.ts";
import { commandsIn, programOf, wordOf } from "./password-arguments.ts";
import { tellsSecret } from "./secret-name.ts";

export interface ComposeCommands {
  readonly commands: readonly ShellCommand[];
  /** The value of the file that a word is, or is part of. */
  nodeOf(word: ShellWord): ConfigNode;
}

/** `test` of a healthcheck: text for a shell, or a list that begins with CMD or CMD-SHELL. */
export function healthcheckCommands(test: ConfigNode): ComposeCommands {
  if (test.kind !== "list") return inShell(test);
  const [kind, ...items] = test.items();
  const [script] = items;
  if (kind?.text === "CMD-SHELL" && script !== undefined) return inShell(script);
  return kind?.text === "CMD" ? ofWords(items) : ofWords([]);
}

/** `entrypoint` and `command` together, which are one command. */
export function serviceCommands(service: ConfigNode): ComposeCommands | undefined {
  const parts = ["entrypoint", "command"].flatMap((key) => {
    const node = service.get(key);
    return node === undefined || node.value === null ? [] : [node];
  });
  const [only] = parts;
  if (only === undefined) return undefined;
  if (parts.length === 1 && only.kind === "scalar") return inShell(only);
  return ofWords(parts.flatMap((part) => (part.kind === "list" ? part.items() : [part])));
}

function inShell(node: ConfigNode): ComposeCommands {
  const commands = commandsIn(textOf(node));
  return { commands: commands.flatMap(ofScript), nodeOf: () => node };
}

function ofWords(items: readonly ConfigNode[]): ComposeCommands {
  const words = items.map((node) => ({ word: wordOf(textOf(node)), node }));
  const shell = scriptAfterShell(words.map(({ word }) => word));
  const script = words.find(({ word }) => word === shell)?.node;
  if (script !== undefined) return inShell(script);
  const nodes = new Map(words.map(({ word, node }) => [word, node]));
  const [first] = words;
  return {
    commands: first === undefined ? [] : [command(words.map(({ word }) => word))],
    nodeOf: (word) => nodes.get(word) ?? first!.node,
  };
}

/** The commands of `sh -c '…'` in place of it. */
function ofScript(outer: ShellCommand): readonly ShellCommand[] {
  const script = scriptAfterShell(outer.words);
  return script === undefined ? [outer] : commandsIn(script.text);
}

function scriptAfterShell(words: readonly ShellWord[]): ShellWord | undefined {
  const [first] = words;
  if (first === undefined || !/^(?:ba|da|k)?sh$/.test(programOf(first))) return undefined;
  const at = words.findIndex(({ text }) => /^-\w*c$/.test(text));
  return at < 0 ? undefined : words[at + 1];
}

function command(words: readonly ShellWord[]): ShellCommand {
  return {
    ...{ words, assignments: [], redirections: [], start: 0, end: 0 },
    ...{ output: "inherited", pipedInto: undefined, functionName: undefined },
  };
}

/** As the container gets it, but for what compose fills in. */
function textOf(node: ConfigNode): string {
  return (node.written ?? node.text ?? "").replaceAll("$$", "$");
}

/** The first secret that compose itself fills in, so that `docker inspect` shows its value. */
export function interpolatedSecret(node: ConfigNode): string | undefined {
  for (const [, braced, operator, bare] of (node.written ?? "").matchAll(
    /\$\$|\$(?:\{([A-Za-z_]\w*)(:?[-+?])?|([A-Za-z_]\w*))/g,
  )) {
    const name = braced ?? bare;
    if (name !== undefined && tellsSecret(name) && !(operator ?? "").endsWith("+")) return name;
  }
  return undefined;
}
