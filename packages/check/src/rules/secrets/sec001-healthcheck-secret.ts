import { defineRule, type Found } from "../../engine/rule.ts";
import type { ComposeService } from "../../inputs/compose/compose-project.ts";
import type { ConfigNode } from "../../inputs/config-node.ts";
import type { ShellCommand } from "../../inputs/shell.ts";
import { healthcheckCommands, interpolatedSecret } from "./compose-commands.ts";
import { passwordArguments, programOf } from "./password-arguments.ts";
import { healthcheckFix } from "./password-fixes.ts";
import { isSwitchOrPath, secretExpanded, tellsSecret, urlPassword } from "./secret-name.ts";

export const sec001 = defineRule({
  id: "SEC001",
  title: "healthcheck carries a secret",
  severity: "high",
  profile: "production",
  reads: ["compose"],
  fix: "none",
  explanation: `What a healthcheck runs is part of the container's configuration, which \`docker inspect\` shows, and every few seconds it is an argument of a process, which \`ps\` shows on the host.

Most checks need no password: a directory's root DSE, pg_isready and mysqladmin ping answer without one, and on the server's own socket SASL EXTERNAL knows who asks. Where one is needed, the program reads it from a file.`,
  references: [
    "Docker documentation, “Compose file reference”, healthcheck",
    "RFC 4513 §5.2.3 (SASL EXTERNAL)",
    "OpenLDAP, ldapsearch(1), -y",
    "MySQL Reference Manual, “mysqladmin”, ping",
    "PostgreSQL documentation, “pg_isready”",
  ],
  *find(project) {
    for (const { services } of project.of("compose")) {
      for (const service of services) {
        const test = service.node.get("healthcheck", "test");
        if (test !== undefined) yield* findIn(service, test);
      }
    }
  },
});

function* findIn(service: ComposeService, test: ConfigNode): Generator<Found> {
  const { commands, nodeOf } = healthcheckCommands(test);
  const found = new Set<ConfigNode>();
  const finding = (node: ConfigNode, program: string, how: string): Found => {
    found.add(node);
    return {
      subject: service.name,
      message: `${service.name}'s healthcheck gives ${program} a secret (${how}), which docker inspect and the process list show`,
      at: node,
      fix: healthcheckFix(program),
    };
  };
  let program = "its command";
  for (const command of commands) {
    const [first] = command.words;
    if (first !== undefined) program = programOf(first);
    for (const argument of passwordArguments(command.words, tellsSecret)) {
      program = argument.program;
      const node = nodeOf(argument.word);
      if (!found.has(node)) yield finding(node, argument.program, argument.how);
    }
    const variable = secretAssigned(command);
    const node = first === undefined ? test : nodeOf(first);
    if (variable !== undefined && !found.has(node)) yield finding(node, program, variable);
  }
  // Wherever it stands, compose writes its value into the configuration of the container.
  for (const node of test.kind === "list" ? test.items() : [test]) {
    const name = interpolatedSecret(node);
    if (name !== undefined && !found.has(node)) yield finding(node, program, name);
  }
}

/** `PGPASSWORD=… psql`; what is read from a file there is not in the configuration. */
function secretAssigned({ words, assignments }: ShellCommand): string | undefined {
  if (words.length === 0) return undefined;
  return assignments.find(({ name, value }) => {
    if (secretExpanded(value, tellsSecret) !== undefined) return true;
    const isWritten = value.expansions.length === 0 && value.substituted.length === 0;
    return isWritten && ((tellsSecret(name) && !isSwitchOrPath(value.text)) || urlPassword.test(value.text));
  })?.name;
}
