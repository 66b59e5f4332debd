/** What the reference pages are written from: the command's help, and every service's metrics. */
import { checkMetrics } from "@espalier/check/service";
import { gatewayMetrics } from "@espalier/gateway";
import { managerMetrics } from "@espalier/manager";
import { notifyMetrics } from "@espalier/notify";
import { proxyMetrics } from "@espalier/proxy";
import { eventMetrics, type MetricDefinition, metricsReference, storeMetrics } from "@espalier/service";
import type { Command } from "commander";
import { exitCode } from "./exit-code.ts";
import { createProgram } from "./program.ts";

/** One table, service by service. */
export function allMetricsReference(): string {
  const services = [
    gatewayMetrics,
    proxyMetrics,
    notifyMetrics,
    managerMetrics,
    checkMetrics,
    storeMetrics,
    eventMetrics,
  ];
  const definitions = services.flatMap((each) => Object.values<MetricDefinition>(each));
  return metricsReference(Object.fromEntries(definitions.map((each) => [each.name, each])));
}

/** A heading and the help text for each command, as `--help` prints it in 100 columns. */
export function commandReference(): string {
  const program = createProgram({});
  return `${helpOf(program, []).join("\n")}\n## Exit codes\n\n${exitCodes()}\n`;
}

function helpOf(command: Command, superiors: readonly string[]): string[] {
  const path = [...superiors, command.name()];
  command.configureHelp({ helpWidth: 100 });
  const { visibleCommands } = command.createHelp();
  const own = `## ${path.join(" ")}\n\n\`\`\`\n${command.helpInformation().trim()}\n\`\`\`\n`;
  const subcommands = visibleCommands.call(command.createHelp(), command).filter((each) => each.name() !== "help");
  return [own, ...subcommands.flatMap((each) => helpOf(each as Command, path))];
}

function exitCodes(): string {
  const meaning: Record<keyof typeof exitCode, string> = {
    ok: "all right",
    findings: "findings, or an unhealthy state",
    usage: "wrong usage, a configuration that cannot be used, or a refusal",
    internal: "unreadable input, or an internal error",
  };
  const rows = Object.entries(exitCode).map(
    ([name, code]) => `| ${code} | ${meaning[name as keyof typeof exitCode]} |`,
  );
  return ["| code | meaning |", "| --- | --- |", ...rows].join("\n");
}
