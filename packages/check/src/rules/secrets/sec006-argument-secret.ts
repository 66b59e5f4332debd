import { defineRule } from "../../engine/rule.ts";
import type { ConfigNode } from "../../inputs/config-node.ts";
import type { ShellCommand, ShellWord } from "../../inputs/shell.ts";
import { interpolatedSecret, serviceCommands } from "./compose-commands.ts";
import { passwordArguments, programOf } from "./password-arguments.ts";
import { passwordFix } from "./password-fixes.ts";
import { secretExpanded, secretVariables } from "./secret-name.ts";

export const sec006 = defineRule({
  id: "SEC006",
  title: "password on a command line",
  severity: "medium",
  profile: "production",
  reads: ["shell", "compose"],
  fix: "none",
  explanation: `The arguments of a process can be read by everybody on the machine while it runs (\`ps\`, /proc), end up in the audit log, and of a container are shown by \`docker inspect\`.

A program that takes a password takes it from a file or from its standard input as well. Arguments of the shell's own commands, such as echo and test, are not those of a process.`,
  references: [
    "CWE-214 (invocation of a process with sensitive information visible)",
    "MySQL Reference Manual, “End-User Guidelines for Password Security”",
    "proc(5), /proc/pid/cmdline",
  ],
  *find(project) {
    for (const { file, commands } of project.of("shell")) {
      const isSecret = secretVariables(commands);
      const functions = new Set(commands.map(({ functionName }) => functionName));
      for (const command of commands) {
        if (functions.has(command.words[0]?.text)) continue;
        for (const { program, how, word, variable } of argumentsOf(command, isSecret)) {
          const what = variable === undefined ? "a password" : variable;
          yield {
            subject: file.path,
            message: `${file.path} gives ${program} ${what} as an argument (${how}), which the process list shows`,
            at: file.locate(word.start, word.end),
            path: `${program} ${variable ?? how}`,
            fix: passwordFix(program),
          };
        }
      }
    }
    for (const { services } of project.of("compose")) {
      for (const service of services) {
        const run = serviceCommands(service.node);
        if (run === undefined) continue;
        const found = new Set<ConfigNode>();
        const finding = (node: ConfigNode, program: string, what: string) => {
          found.add(node);
          return {
            subject: service.name,
            message: `${service.name} gives ${program} ${what} as an argument, which docker inspect and the process list show`,
            at: node,
            fix: passwordFix(program),
          };
        };
        const isSecret = secretVariables(run.commands);
        let program = "its program";
        for (const command of run.commands) {
          const [first] = command.words;
          if (first !== undefined) program = programOf(first);
          for (const argument of argumentsOf(command, isSecret)) {
            const node = run.nodeOf(argument.word);
            if (!found.has(node)) yield finding(node, argument.program, argument.variable ?? "a password");
          }
        }
        for (const key of ["entrypoint", "command"]) {
          const node = service.node.get(key);
          for (const part of node?.kind === "list" ? node.items() : node === undefined ? [] : [node]) {
            const name = interpolatedSecret(part);
            if (name !== undefined && !found.has(part)) yield finding(part, program, name);
          }
        }
      }
    }
  },
});

/** Programs for which any secret among the arguments is one that others see: they are no functions of some script. */
const external =
  /^(?:awk|gawk|sed|perl|python3?|node|ruby|php|jq|yq|curl|wget|http|openssl|htpasswd|vault|aws|az|gcloud|gh|restic|borg|rclone|useradd|usermod|sudo|su|docker|podman|kubectl|helm|ssh|mysql|mysqladmin|mysqldump|mariadb|psql|redis-cli|mongosh|occ|influx|rabbitmqctl|kcadm\.sh|mc|expect|envsubst)$/;

interface SecretArgument {
  readonly program: string;
  readonly how: string;
  readonly word: ShellWord;
  readonly variable: string | undefined;
}

function* argumentsOf({ words }: ShellCommand, isSecret: (name: string) => boolean): Generator<SecretArgument> {
  const told = new Set<ShellWord>();
  for (const argument of passwordArguments(words, isSecret)) {
    told.add(argument.word);
    yield argument;
  }
  const [first, ...rest] = words;
  if (first === undefined || !external.test(programOf(first))) return;
  for (const word of rest) {
    const at = secretExpanded(word, isSecret);
    if (at !== undefined && !told.has(word)) {
      yield { program: programOf(first), how: `$${at.name}`, word, variable: at.name };
    }
  }
}
