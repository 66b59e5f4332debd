import { defineRule } from "../../engine/rule.ts";
import type { ShellCommand, ShellExpansion, ShellScript, ShellWord } from "../../inputs/shell.ts";
import { serviceCommands } from "./compose-commands.ts";
import { programOf } from "./password-arguments.ts";
import { secretExpanded, secretVariables } from "./secret-name.ts";

export const sec005 = defineRule({
  id: "SEC005",
  title: "script prints a secret",
  severity: "high",
  profile: "production",
  reads: ["shell", "compose"],
  fix: "none",
  explanation: `What a script prints is kept: in the scrollback of a terminal, in the log of a container, of the journal or of a build, and wherever these are sent. \`\${NAME:-not set}\` prints the secret exactly when it is set, and under \`set -x\` the shell prints every command with its secrets filled in.

Print whether it is set, never what it is.`,
  references: ["POSIX.1-2024, Shell Command Language, 2.6.2 (parameter expansion)", "CWE-532 (secrets in log files)"],
  *find(project) {
    for (const script of project.of("shell")) {
      const { file, commands } = script;
      const where = (name: string, { start, end }: { start: number; end: number }) => ({
        subject: file.path,
        at: file.locate(start, end),
        path: name,
      });
      for (const { name, at } of printedSecrets(commands)) {
        yield { ...where(name, at), message: `${file.path} prints ${name}`, fix: printFix(name) };
      }
      for (const { name, at } of tracedSecrets(script)) {
        yield {
          ...where(name, at),
          message: `${file.path} runs under set -x, which prints ${name}`,
          fix: `Switch it off around the lines that use ${name}:\n{ set +x; } 2>/dev/null\n…\nset -x`,
        };
      }
    }
    for (const { services } of project.of("compose")) {
      for (const service of services) {
        const run = serviceCommands(service.node);
        if (run === undefined) continue;
        const found = new Set<string>();
        for (const { name, word } of printedSecrets(run.commands)) {
          const node = run.nodeOf(word);
          if (found.has(name)) continue;
          found.add(name);
          yield {
            subject: service.name,
            message: `${service.name} prints ${name} into its log when it starts`,
            at: node,
            fix: printFix(name).replaceAll("$", "$$$$"),
          };
        }
      }
    }
  },
});

function printFix(name: string): string {
  return `Print only whether it is set:\nif [ -n "\${${name}:-}" ]; then echo "${name} is set"; else echo "${name} is not set"; fi`;
}

interface Printed {
  readonly name: string;
  readonly at: ShellExpansion;
  readonly word: ShellWord;
}

/** Its own functions for messages; what else they do with them, they show them. */
const messageFunction =
  /^(?:log|info|warn|warning|error|err|debug|die|fail|fatal|msg|message|say|notice|success|step|print)(?:_\w+)?$|_(?:log|info|warn|error|debug)$/i;

function* printedSecrets(commands: readonly ShellCommand[]): Generator<Printed> {
  const isSecret = secretVariables(commands);
  const calls = Map.groupBy(commands, ({ words }) => words[0]?.text);
  for (const command of commands) {
    const found = [...printedWords(command)].map((word) => ({ word, at: secretExpanded(word, isSecret) }));
    for (const { word, at } of found) {
      if (at !== undefined && isShown(command, calls)) yield { name: at.name, at, word };
    }
  }
}

/** What of the command comes out of it as it is. */
function* printedWords({ words, redirections }: ShellCommand): Generator<ShellWord> {
  const [first, ...rest] = words;
  if (first === undefined) return;
  const name = programOf(first);
  if (name === "echo" || messageFunction.test(name) || name === "logger") yield* rest;
  else if (name === "printf" && rest[0]?.text !== "-v") yield* rest;
  else if (name === "cat" || name === "tee") {
    for (const { operator, target, body } of redirections) {
      if (body !== undefined) yield body;
      else if (operator === "<<<") yield target;
    }
  }
}

/** Whether somebody sees its output: it goes neither to a file nor to a program, which is also so for who calls its function. */
function isShown(command: ShellCommand, calls: ReadonlyMap<string | undefined, readonly ShellCommand[]>): boolean {
  if (command.output === "pipe") {
    const [reader] = command.pipedInto?.words ?? [];
    return reader !== undefined && programOf(reader) === "tee" && command.pipedInto?.output === "inherited";
  }
  if (command.output !== "inherited") return false;
  const { functionName } = command;
  if (functionName === undefined) return true;
  const callers = calls.get(functionName)?.filter((call) => call !== command) ?? [];
  return callers.length === 0 || callers.some(({ output }) => output === "inherited");
}

/** For each stretch under `set -x` the first command with a secret in it. */
function* tracedSecrets({ file, commands }: ShellScript): Generator<{ name: string; at: ShellWord | ShellExpansion }> {
  const isSecret = secretVariables(commands);
  let isTraced = /^#!.*sh\s+-\w*x/.test(file.text);
  let isTold = false;
  for (const { words, assignments } of commands) {
    const change = words[0]?.text === "set" ? traceChange(words.slice(1).map(({ text }) => text)) : undefined;
    if (change !== undefined) {
      isTraced = change;
      isTold = false;
    }
    if (!isTraced || isTold) continue;
    const filled = assignments.find(({ name, value }) => isSecret(name) && value.substituted.length > 0);
    const expanded = [...words, ...assignments.map(({ value }) => value)]
      .map((word) => secretExpanded(word, isSecret))
      .find((at) => at !== undefined);
    const name = expanded?.name ?? filled?.name;
    const at = expanded ?? filled?.value;
    if (name === undefined || at === undefined) continue;
    isTold = true;
    yield { name, at };
  }
}

function traceChange(options: readonly string[]): boolean | undefined {
  for (const [index, option] of options.entries()) {
    if (/^-[a-z]*x/.test(option) || (option === "-o" && options[index + 1] === "xtrace")) return true;
    if (/^\+[a-z]*x/.test(option) || (option === "+o" && options[index + 1] === "xtrace")) return false;
  }
  return undefined;
}
