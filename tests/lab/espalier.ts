/** The command `espalier` in a process of its own, and what its service tells over HTTP. */
import { fileURLToPath } from "node:url";
import { ChildServer } from "./child-server.ts";
import type { TemporaryDirectory } from "./temporary-directory.ts";

export const espalierCommand = fileURLToPath(new URL("../../packages/espalier/src/main.ts", import.meta.url));

/** Starts `espalier` with the parameters, in a folder where it finds its configuration file, if any, and keeps what it makes. */
export function runEspalier(
  parameters: readonly string[],
  environment: Readonly<Record<string, string>>,
  directory: TemporaryDirectory,
  discardsOutput = false,
): ChildServer {
  return new ChildServer(process.execPath, [espalierCommand, ...parameters], {
    environment,
    workingDirectory: directory.path,
    discardsOutput,
  });
}

/** What a service tells at the address of its health and metrics. */
export class ServiceReports {
  /** http://address:port of /livez, /readyz, /health and /metrics. */
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  /** Whether it says that it is ready to serve. */
  async isReady(): Promise<boolean> {
    try {
      return (await fetch(`${this.url}/readyz`)).ok;
    } catch {
      return false;
    }
  }

  /** The body of /health. */
  async health(): Promise<unknown> {
    return (await fetch(`${this.url}/health`)).json();
  }

  /** A figure of /metrics, summed over its labels, or `undefined` where there is none of that name. */
  async metric(name: string): Promise<number | undefined> {
    return sumOfMetric(await (await fetch(`${this.url}/metrics`)).text(), name);
  }
}

/** The text format of Prometheus: `name{label="value"} number`. */
function sumOfMetric(text: string, name: string): number | undefined {
  const samples = text.split("\n").filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
  if (samples.length === 0) return undefined;
  return samples.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}
