import { defineRule, type Found } from "../../engine/rule.ts";
import type { ComposeProject, ComposeService } from "../../inputs/compose/compose-project.ts";
import { isDatabase } from "./image.ts";
import { isTrue, pathIn, servicesOf } from "./service.ts";

export const cmp019 = defineRule({
  id: "CMP019",
  title: "database is on a network with what strangers reach",
  severity: "medium",
  profile: "production",
  reads: ["compose"],
  fix: "none",
  explanation: `Whoever takes over a service that strangers reach can speak to everything on its networks. A database belongs on a network with the services that use it and nothing else, and that network needs no way out: \`internal: true\`.`,
  references: ["Compose specification, “networks”, internal", "NIST SP 800-190, 4.3.3"],
  *find(project) {
    for (const { compose, service } of servicesOf(project)) {
      if (!isDatabase(service)) continue;
      for (const name of service.networks) yield* findOn(compose, service, name);
    }
  },
});

function* findOn(compose: ComposeProject, service: ComposeService, name: string): Generator<Found> {
  const others = compose.services.filter((each) => each !== service && each.networks.includes(name));
  const inFront = others.filter((each) => !isDatabase(each) && isReachedByStrangers(each));
  const common = {
    subject: service.name,
    at: service.node.get("networks") ?? service.node.keyLocation ?? service.node.location,
    path: pathIn(service, "networks", name),
  };
  // An application that serves strangers itself and uses the database has to be on a network with it.
  const strangers = inFront.filter(
    (each) => each.node.get("depends_on", service.name) === undefined && !dependsOn(each, service),
  );
  if (strangers.length > 0) {
    yield {
      ...common,
      message: `${service.name} is on the network ${name} with ${namesOf(strangers)}, which strangers reach`,
      value: strangers.map((each) => each.name),
      fix: `Give ${service.name} and those that use it a network of their own:\nnetworks:\n  ${service.name}-data:\n    internal: true`,
    };
    return;
  }
  const node = compose.model.get("networks", name);
  if (isTrue(node?.get("internal")?.text) || node?.get("external") !== undefined || inFront.length > 0) return;
  yield {
    ...common,
    message: `${service.name} can reach the internet: its network ${name} is not internal`,
    value: null,
    severity: "low",
    fix: `networks:\n  ${name}:\n    internal: true`,
  };
}

function isReachedByStrangers({ ports }: ComposeService): boolean {
  return ports.some(({ host }) => !/^(?:127\.|::1|\[::1\])/.test(host));
}

function dependsOn({ node }: ComposeService, { name }: ComposeService): boolean {
  return (node.get("depends_on")?.items() ?? []).some(({ text }) => text === name);
}

function namesOf(services: readonly ComposeService[]): string {
  return services.map(({ name }) => name).join(", ");
}
