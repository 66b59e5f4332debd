import type { Project } from "../../engine/project.ts";
import { defineRule } from "../../engine/rule.ts";
import type { ComposeService } from "../../inputs/compose/compose-project.ts";

export const obs004 = defineRule({
  id: "OBS004",
  title: "logs are gone with their containers",
  severity: "medium",
  profile: "production",
  reads: ["compose"],
  fix: "none",
  explanation: `With Docker's drivers json-file and local, the log of a container is deleted with it: at every update, at \`docker compose down\`, and when a machine is lost. What happened on the night before is then known to nobody, and what happened across services is in as many places.

Send logs to one place that outlives them: to the journal of the machine, to syslog, or to Loki by a collector such as Grafana Alloy or Fluent Bit.`,
  references: ["Docker documentation, “Configure logging drivers”", "NIST SP 800-92, 4.3"],
  *find(project) {
    if (isCentral(project.of("dockerDaemon").map(({ root }) => root.get("log-driver")?.text)) || hasCollector(project))
      return;
    for (const { files, name, services, model } of project.of("compose")) {
      const ephemeral = services.filter(({ node }) => !isCentral([node.get("logging", "driver")?.text]));
      if (ephemeral.length === 0) continue;
      const subject = files[0] ?? name;
      const list = model.get("services");
      yield {
        subject,
        at: list?.keyLocation ?? model.location,
        path: "services.logging",
        value: ephemeral.map((service) => service.name).sort(),
        message: `${listed(ephemeral)} of ${subject} keep their logs only as long as their containers, and nothing collects them`,
        fix: `x-logging: &logging
  driver: journald
services:
  ${ephemeral[0]!.name}:
    logging: *logging
or a collector (Grafana Alloy, Fluent Bit) that sends all of them to Loki`,
      };
    }
  },
});

const centralDrivers =
  /^(?:journald|syslog|fluentd|gelf|awslogs|gcplogs|splunk|etwlogs|(?:grafana\/)?loki(?:-docker-driver)?(?::.*)?)$/;
const collectors =
  /(?:^|\/)(?:promtail|alloy|fluent-?bit|fluentd|vector|filebeat|logspout|graylog|logstash|datadog-agent|opentelemetry-collector(?:-contrib)?|rsyslog|syslog-ng|victoria-logs|vlagent)(?=[:@]|$)/;

function isCentral(drivers: readonly (string | undefined)[]): boolean {
  return drivers.some((driver) => driver !== undefined && centralDrivers.test(driver));
}

function hasCollector(project: Project): boolean {
  return project
    .of("compose")
    .flatMap(({ services }) => services)
    .some(({ node }) => collectors.test(node.get("image")?.text ?? ""));
}

function listed(services: readonly ComposeService[]): string {
  const names = services.map(({ name }) => name);
  return names.length > 3 ? `${names.slice(0, 3).join(", ")} and ${names.length - 3} more` : names.join(", ");
}
