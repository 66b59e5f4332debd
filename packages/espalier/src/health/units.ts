/** What starts the services: the services of a compose project in this folder, and systemd's units. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { HealthRow, HealthStatus } from "@espalier/check/live";
import { z } from "zod";
import { visible } from "../commands/visible.ts";

const timeoutMs = 5_000;
const maxOutputBytes = 4 * 1024 * 1024;
/** As `docker compose` looks for them. */
const composeFiles = ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];

interface Ran {
  readonly stdout: string;
  /** Why it has no answer; `ENOENT` where there is no such program. */
  readonly failure?: string;
}

/** None where Docker is not installed, or the folder has no compose file. */
export async function composeRows(folder: string): Promise<HealthRow[]> {
  if (!composeFiles.some((file) => existsSync(join(folder, file)))) return [];
  const { stdout, failure } = await run("docker", ["compose", "ps", "--all", "--format", "json"], folder);
  if (failure === "ENOENT") return [];
  const part = "compose";
  if (failure !== undefined) return [{ part, name: folder, status: "unknown", detail: failure }];
  try {
    const services = parseComposeServices(stdout);
    if (services.length === 0) return [{ part, name: folder, status: "failing", detail: "no service of it runs" }];
    return services.map(({ Service: name, State: state, Health: health, ExitCode: exitCode }) => {
      const text = [state, health].filter((word) => word !== "").join(", ");
      const detail = state === "exited" ? `${text} with ${exitCode}` : text;
      return { part, name: visible(name), status: composeStatus(state, health, exitCode), detail: visible(detail) };
    });
  } catch {
    return [{ part, name: folder, status: "unknown", detail: "docker compose ps did not answer in JSON" }];
  }
}

const composeService = z.object({
  Service: z.string(),
  State: z.string(),
  Health: z.string().default(""),
  ExitCode: z.number().default(0),
});

/** One JSON object a line; an array before version 2.21. @throws Error */
function parseComposeServices(text: string): z.output<typeof composeService>[] {
  const trimmed = text.trim();
  if (trimmed === "") return [];
  if (trimmed.startsWith("[")) return z.array(composeService).parse(JSON.parse(trimmed));
  return trimmed.split("\n").map((line) => composeService.parse(JSON.parse(line)));
}

function composeStatus(state: string, health: string, exitCode: number): HealthStatus {
  // What has done its work and ended: a migration, a job.
  if (state === "exited") return exitCode === 0 ? "ok" : "failing";
  if (state !== "running" || health === "unhealthy") return "failing";
  return health === "starting" ? "warning" : "ok";
}

const unit = z.object({ unit: z.string(), load: z.string(), active: z.string(), sub: z.string() });
const unitStatus: Readonly<Record<string, HealthStatus>> = {
  ...{ active: "ok", reloading: "ok", activating: "warning", deactivating: "warning", inactive: "warning" },
};

/** Units that somebody has put away, or that are only named by others. */
const absent: ReadonlySet<string> = new Set(["not-found", "masked"]);

/** None where there is no systemd, or no unit of that name. A unit that never ran and that nothing starts is none to systemd. */
export async function systemdRows(): Promise<HealthRow[]> {
  const list = ["list-units", "--all", "--type=service", "--output=json", "espalier*"];
  const { stdout, failure } = await run("systemctl", list);
  if (failure !== undefined) return [];
  const { data } = z.array(unit).safeParse(parseJson(stdout));
  return (data ?? [])
    .filter(({ load }) => !absent.has(load))
    .map(({ unit: name, load, active, sub }) => {
      const isLoaded = load === "loaded";
      const status = isLoaded ? (unitStatus[active] ?? "failing") : "failing";
      const detail = visible(`${isLoaded ? "" : `${load}, `}${active} (${sub})`);
      return { part: "unit", name: visible(name), status, detail };
    });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function run(program: string, parameters: readonly string[], folder?: string): Promise<Ran> {
  const options = { timeout: timeoutMs, maxBuffer: maxOutputBytes, ...(folder === undefined ? {} : { cwd: folder }) };
  return new Promise((resolve) => {
    execFile(program, parameters, options, (error, stdout, stderr) => {
      if (error === null) return resolve({ stdout });
      if (error.code === "ENOENT") return resolve({ stdout, failure: "ENOENT" });
      if (error.killed === true) return resolve({ stdout, failure: `${program} does not answer` });
      const [line = ""] = stderr.trim().split("\n");
      resolve({ stdout, failure: visible(`${program} failed: ${line}`) });
    });
  });
}
