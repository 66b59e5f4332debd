/** `espalier health`: one table and one exit code over everything that is configured. */
import type { HealthRow, HealthStatus } from "@espalier/check/live";
import type { Command } from "commander";
import type { Environment } from "../configuration.ts";
import { exitCode } from "../exit-code.ts";
import type { Output } from "./events.ts";
import { visible } from "./visible.ts";

interface HealthOptions {
  readonly config?: string;
  readonly json?: boolean;
}

/** @param fileHelp what -c is. */
export function addHealthCommands(
  program: Command,
  environment: Environment,
  fileHelp: string,
  out: Output = process.stdout,
): void {
  program
    .command("health")
    .description("say how everything is: services, nodes, database, queue, certificates, backups")
    .option("-c, --config <file>", fileHelp)
    .option("--json", "as JSON")
    .action(async ({ config, json = false }: HealthOptions) => {
      const [{ gatherHealth }, { loadWholeConfiguration }] = await Promise.all([
        import("../health/gather.ts"),
        import("../configuration.ts"),
      ]);
      const rows = await gatherHealth(loadWholeConfiguration(environment, config));
      const verdict = verdictOf(rows);
      out.write(
        json ? `${JSON.stringify({ status: verdict, rows }, undefined, 2)}\n` : `${tableOf(rows)}\n${verdict}\n`,
      );
      process.exitCode = codes[verdict];
    });
}

type Verdict = "healthy" | "not healthy" | "unknown";

const codes: Readonly<Record<Verdict, number>> = {
  healthy: exitCode.ok,
  "not healthy": exitCode.findings,
  unknown: exitCode.internal,
};

/** What fails is certain, whatever else cannot be told. */
function verdictOf(rows: readonly HealthRow[]): Verdict {
  const has = (wanted: HealthStatus) => rows.some(({ status }) => status === wanted);
  if (has("failing")) return "not healthy";
  return has("unknown") ? "unknown" : "healthy";
}

function tableOf(rows: readonly HealthRow[]): string {
  const shown = rows.map(({ part, name, status, detail }) => [part, name, status, detail].map(visible));
  const widths = [0, 1, 2].map((column) => Math.max(0, ...shown.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]) =>
    cells.map((cell, column) => (column < widths.length ? cell.padEnd(widths[column]!) : cell)).join("  ");
  return shown.map((row) => `${line(row).trimEnd()}\n`).join("");
}
