/** What a start would meet: opens the files that sources and channels name, and says what each found. */
import { ConfigurationError, createLog, formatHostPort } from "@espalier/service";
import { type NotifyConfig, routesOf } from "./config.ts";
import { createChannels } from "./notifier.ts";
import { createSources, warningsOf } from "./service.ts";

/** One line for the administrator. `error` is what keeps the service from serving as configured. */
export interface TestFinding {
  readonly status: "ok" | "warning" | "error";
  readonly text: string;
}

/** Sends nothing: `espalier notify test CHANNEL` does. */
export async function testNotify(config: NotifyConfig): Promise<readonly TestFinding[]> {
  const findings: TestFinding[] = [
    { status: "ok", text: `Serves webhooks on http://${formatHostPort(config.listen)}.` },
  ];
  for (const [name, source] of Object.entries(config.sources)) {
    const only = { ...config, sources: { [name]: source } };
    findings.push(finding(`Source ${name}`, () => void createSources(only)));
  }
  const logger = createLog({ level: "fatal" }).logger("test");
  for (const [name, channel] of Object.entries(config.channels)) {
    const only = { ...config, channels: { [name]: channel } };
    const opened: { close(): Promise<void> }[] = [];
    findings.push(
      finding(`Channel ${name} (${channel.kind})`, () => void opened.push(...createChannels(only, logger))),
    );
    for (const each of opened) await each.close();
  }
  const routes = routesOf(config).map(({ name, channels }) => `${name} → ${channels.join(", ")}`);
  if (routes.length > 0) findings.push({ status: "ok", text: `Routes: ${routes.join("; ")}.` });
  return [...findings, ...warningsOf(config).map((text) => ({ status: "warning" as const, text }))];
}

function finding(what: string, open: () => void): TestFinding {
  try {
    open();
    return { status: "ok", text: `${what}.` };
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return { status: "error", text: `${what}: ${error.problems.map(({ message }) => message).join("; ")}` };
  }
}
