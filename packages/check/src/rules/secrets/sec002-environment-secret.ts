import { defineRule } from "../../engine/rule.ts";
import type { ComposeService, EnvironmentEntry } from "../../inputs/compose/compose-project.ts";
import { isSwitchOrPath, tellsSecret, urlPassword } from "./secret-name.ts";

interface Use {
  readonly service: ComposeService;
  readonly entry: EnvironmentEntry;
  readonly others: string[];
}

export const sec002 = defineRule({
  id: "SEC002",
  title: "secret in the environment",
  severity: "high",
  profile: "production",
  reads: ["compose"],
  fix: "none",
  explanation: `A secret that is written into a compose file is in its history, in every copy of it, and with everybody who may read it. One that is filled in from elsewhere is still in the environment of the container: \`docker inspect\` shows it, every process in the container inherits it, and programs print their environment when they crash.

Compose mounts a secret as a file that only the services named can read. Most images take the path of that file in a variable with \`_FILE\` after its name.`,
  references: [
    "Docker documentation, “How to use secrets in Docker Compose”",
    "OWASP Secrets Management Cheat Sheet",
    "CIS Docker Benchmark, 4.10 (no secrets in images and their configuration)",
  ],
  *find(project) {
    const uses = new Map<string, Use>();
    for (const { services } of project.of("compose")) {
      for (const service of services) {
        for (const entry of service.environment) {
          if (!holdsSecret(entry)) continue;
          const { file, start } = entry.location;
          // One line that several services take over, by an anchor or an env_file, is one finding.
          const known = uses.get(`${file}:${start}`);
          if (known === undefined) uses.set(`${file}:${start}`, { service, entry, others: [] });
          else known.others.push(service.name);
        }
      }
    }
    for (const { service, entry, others } of uses.values()) {
      const isLiteral = entry.isLiteral && entry.node !== undefined;
      const also = others.length === 0 ? "" : `, as ${others.length === 1 ? others[0] : `${others.length} others`} do`;
      yield {
        subject: service.name,
        message: isLiteral
          ? `${service.name} has the secret ${entry.name} written into its file${also}`
          : `${service.name} gets the secret ${entry.name} by its environment${also}`,
        at: entry.location,
        path: `${service.node.pathText}.environment.${entry.name}`,
        severity: isLiteral ? "high" : "medium",
        fix: fixOf(service, entry),
      };
    }
  },
});

function holdsSecret({ name, value, written }: EnvironmentEntry): boolean {
  if (urlPassword.test(value ?? "") || urlPassword.test(written ?? "")) return true;
  // Without a value it is taken over from the shell that starts compose.
  return tellsSecret(name) && (value === undefined || !isSwitchOrPath(value));
}

function fixOf({ name, node }: ComposeService, entry: EnvironmentEntry): string {
  if (!tellsSecret(entry.name)) {
    return `Take the password out of the URL: give ${name} the user, the host and a file with the password, in the variables that its image has for them, or a file with the whole URL.`;
  }
  // Grafana alone has two underscores.
  const isGrafana = /(?:^|\/)grafana(?:-oss|-enterprise)?(?:[:@]|$)/.test(node.get("image")?.text ?? "");
  const variable = `${entry.name}${isGrafana ? "__FILE" : "_FILE"}`;
  const secret = entry.name.toLowerCase();
  return `services:
  ${name}:
    environment:
      ${variable}: /run/secrets/${secret}
    secrets:
      - ${secret}
secrets:
  ${secret}:
    file: ./secrets/${secret}
Remove ${entry.name}, put its value into that file (mode 0600, not in Git), and give it a new one if this was ever shared. Where the image does not read ${variable}, its documentation says how it reads a file.`;
}
