/** `espalier events`: what is in the event log, as it comes, and whether its audit trail is whole. */
import type { ChainLink, EventLog, EventQuery, StoredEvent } from "@espalier/service";
import { type Severity, severities } from "@espalier/service/plain";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { Environment } from "../configuration.ts";
import { exitCode } from "../exit-code.ts";
import { parseTime } from "./time-argument.ts";
import { visible } from "./visible.ts";

interface FilterOptions {
  readonly config?: string;
  readonly type?: string[];
  readonly severity?: Severity[];
  readonly subject?: string;
  readonly audit?: boolean;
  readonly json?: boolean;
}

interface ListOptions extends FilterOptions {
  readonly since?: number;
  readonly until?: number;
  readonly oldestFirst?: boolean;
  readonly limit?: number;
  readonly cursor?: string;
}

interface FollowOptions extends FilterOptions {
  readonly after?: number;
}

export interface Output {
  write(text: string): unknown;
}

/** @param fileHelp what -c is. */
export function addEventCommands(
  program: Command,
  environment: Environment,
  fileHelp: string,
  out: Output = process.stdout,
): void {
  const events = program.command("events").description("look into the event log: what happened, and who did it");
  const command = (name: string, description: string) =>
    events.command(name).description(description).option("-c, --config <file>", fileHelp);
  const withLog = async (file: string | undefined, use: (log: EventLog) => Promise<number>) => {
    const { withStore } = await import("./with-store.ts");
    return await withStore({ environment, file }, ({ log }) => use(log));
  };
  const filtered = (name: string, description: string) =>
    command(name, description)
      .option("--type <type...>", "only of that type, or below that name as in backend.*")
      .addOption(new Option("--severity <severity...>", "only of that severity").choices(severities))
      .option("--subject <text>", "only what happened to that DN, node, certificate …")
      .option("--audit", "only of the audit trail")
      .option("--json", "one JSON object a line");

  filtered("list", "print a page of events, the newest first")
    .option("--since <time>", "not before that time (ISO 8601) or that long ago, as in 2h", parseTime)
    .option("--until <time>", "before that time, or that long ago", parseTime)
    .option("--oldest-first", "begin with the oldest")
    .option("--limit <number>", "events in the page, up to 1000 (default: 50)", parseNumber)
    .option("--cursor <text>", "go on where the page before ended")
    .action(async ({ config, ...options }: ListOptions) => {
      process.exitCode = await withLog(config, (log) => list(log, options, out));
    });

  command("verify", "check that nothing in the audit trail was changed, removed or moved")
    .option("--head <number:hash>", "a head that was noted before, which must still be part of it", parseHead)
    .action(async ({ config, head }: { readonly config?: string; readonly head?: ChainLink }) => {
      process.exitCode = await withLog(config, (log) => verify(log, head, out));
    });

  filtered("follow", "print events as they come, until interrupted")
    .option("--after <position>", "begin after that position (default: with what comes from now on)", parseNumber)
    .action(async ({ config, ...options }: FollowOptions) => {
      process.exitCode = await withLog(config, (log) => follow(log, options, out));
    });
}

async function list(log: EventLog, listing: ListOptions, out: Output): Promise<number> {
  const { json = false, since, until, oldestFirst, ...options } = listing;
  const { limit, cursor } = options;
  const query: EventQuery = {
    ...filterOf(options),
    ...(since === undefined ? {} : { from: since }),
    ...(until === undefined ? {} : { until }),
    ...(oldestFirst === true ? { order: "oldest first" as const } : {}),
    ...(limit === undefined ? {} : { limit }),
    ...(cursor === undefined ? {} : { cursor }),
  };
  const page = await log.query(query);
  for (const event of page.events) out.write(json ? `${JSON.stringify(event)}\n` : formatEvent(event));
  if (page.cursor !== undefined) process.stderr.write(`There are more: --cursor ${page.cursor}\n`);
  return exitCode.ok;
}

async function verify(log: EventLog, noted: ChainLink | undefined, out: Output): Promise<number> {
  const report = await log.verifyChain(noted);
  if (!report.isWhole) {
    const event = report.eventId === undefined ? "" : ` (event ${report.eventId})`;
    out.write(`The audit trail is broken at link ${report.link}${event}: ${report.reason}.\n`);
    return exitCode.findings;
  }
  const { head, links, trimmedUpTo } = report;
  const begin = trimmedUpTo === 0 ? "" : `; retention removed those up to link ${trimmedUpTo}`;
  out.write(`The audit trail is whole: ${links === 1 ? "1 link" : `${links} links`}${begin}.\n`);
  if (head.number > 0) out.write(`Its head, to be noted elsewhere: ${head.number}:${head.hash}\n`);
  return exitCode.ok;
}

async function follow(log: EventLog, following: FollowOptions, out: Output): Promise<number> {
  const { json = false, after, ...options } = following;
  const ending = new AbortController();
  const end = () => ending.abort();
  process.once("SIGINT", end).once("SIGTERM", end);
  const stream = log.stream({
    after: after ?? (await log.headPosition()),
    filter: filterOf(options),
    signal: ending.signal,
  });
  try {
    for await (const event of stream) out.write(json ? `${JSON.stringify(event)}\n` : formatEvent(event));
  } finally {
    process.off("SIGINT", end).off("SIGTERM", end);
  }
  return exitCode.ok;
}

function filterOf({ type, severity, subject, audit }: FilterOptions) {
  return {
    ...(type === undefined ? {} : { types: type }),
    ...(severity === undefined ? {} : { severities: severity }),
    ...(subject === undefined ? {} : { subject }),
    ...(audit === undefined ? {} : { audit }),
  };
}

function formatEvent({ time, severity, type, subject, source, actor, data }: StoredEvent): string {
  const by = actor === undefined ? "" : ` by ${actor}`;
  const details = data === undefined ? "" : `  ${JSON.stringify(data)}`;
  const line = `${new Date(time).toISOString()}  ${severity.padEnd(8)}  ${type}  ${subject}  (${source}${by})${details}`;
  return `${visible(line)}\n`;
}

function parseNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("write a number");
  return Number(text);
}

function parseHead(text: string): ChainLink {
  const [, number, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (number === undefined || hash === undefined) {
    throw new InvalidArgumentError("write what verify printed: the link's number, a colon, 64 hexadecimal digits");
  }
  return { number: Number(number), hash };
}
