import { defineRule, type Found } from "../../engine/rule.ts";
import type { ComposeProject, ComposeService } from "../../inputs/compose/compose-project.ts";
import { absent, isOneShot, isTrue, pasted, pathIn, servicesOf } from "./service.ts";

export const cmp015 = defineRule({
  id: "CMP015",
  title: "nobody notices when a service does not serve",
  severity: "medium",
  profile: "production",
  reads: ["compose"],
  fix: "none",
  explanation: `A process that runs is not a service that answers. A healthcheck asks it, and \`depends_on\` with \`condition: service_healthy\` lets others wait until it does, in place of failing at their start.

A healthcheck must not need a password: ask for what everybody may (an anonymous read of the root DSE, \`pg_isready\`, \`/health\`). If the image brings one (\`docker image inspect\` shows Healthcheck), suppress this with that reason.`,
  references: ["Compose specification, “healthcheck” and “depends_on”"],
  *find(project) {
    for (const { compose, service } of servicesOf(project)) {
      if (!isChecked(service) && !isOneShot({ compose, service })) {
        yield {
          ...absent(service, "healthcheck"),
          message: `${service.name} has no healthcheck`,
          fix: pasted(service, "healthcheck:", '  test: ["CMD", …]   # what answers when it serves', "  interval: 30s"),
        };
      }
      yield* uncheckedDependencies(compose, service);
    }
  },
});

function isChecked({ node }: ComposeService): boolean {
  const check = node.get("healthcheck");
  if (check === undefined || isTrue(check.get("disable")?.text)) return false;
  const test = check.get("test");
  // Without a test it only sets the times of the image's own.
  return test === undefined || (test.text ?? test.get(0)?.text) !== "NONE";
}

function* uncheckedDependencies(compose: ComposeProject, service: ComposeService): Generator<Found> {
  const node = service.node.get("depends_on");
  const names =
    node?.kind === "map" ? node.entries().map(([name]) => name) : (node?.items().map(({ text }) => text ?? "") ?? []);
  for (const name of names) {
    const condition = node?.get(name, "condition")?.text;
    if (condition === "service_healthy" || condition === "service_completed_successfully") continue;
    const dependency = compose.services.find((each) => each.name === name);
    if (dependency === undefined || !isChecked(dependency)) continue;
    yield {
      subject: service.name,
      message: `${service.name} is started before ${name} answers, though ${name} has a healthcheck`,
      at: node?.get(name) ?? node!,
      path: pathIn(service, "depends_on", name),
      value: condition ?? null,
      fix: pasted(service, "depends_on:", `  ${name}:`, "    condition: service_healthy"),
    };
  }
}
