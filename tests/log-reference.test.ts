import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { type Logging, type LogMessage, readLogging } from "../scripts/log-messages.ts";

const repository = join(import.meta.dirname, "..");
const page = join(repository, "docs/reference/log.md");

const ofService = "of the service";
/** Whose logger a source is handed: the first that fits. */
const loggers: readonly (readonly [path: string, logger: string])[] = [
  ["check/src/", "check"],
  ["espalier/src/commands/manager.ts", "manager"],
  ["espalier/src/commands/run-parts.ts", ofService],
  ["espalier/src/commands/shared-store.ts", "store"],
  ["gateway/src/refresh/", "gateway.refresh"],
  ["gateway/src/", "gateway"],
  ["manager/src/api/", "manager.http"],
  ["manager/src/changes/", "manager.changes"],
  ["manager/src/clusters/", "manager.clusters"],
  ["manager/src/replication/", "manager.replication"],
  ["manager/src/request-metrics.ts", "manager.http"],
  ["manager/src/sessions/", "manager.sessions"],
  ["manager/src/transfer/", "manager.transfer"],
  ["manager/src/service.ts", "manager"],
  ["notify/src/approvals/", "notify.approvals"],
  ["notify/src/canary.ts", "notify.canary"],
  ["notify/src/channels/", "notify.channels"],
  ["notify/src/deliveries/loop.ts", "notify, notify.routes, notify.deliveries"],
  ["notify/src/deliveries/", "notify.deliveries"],
  ["notify/src/hooks/", "notify.hooks"],
  ["notify/src/http/", "notify.http"],
  ["notify/src/service.ts", "notify"],
  ["proxy/src/control/", "proxy.control"],
  ["proxy/src/", "proxy"],
  ["service/src/events/event-store.ts", "store"],
  ["service/src/events/log-sink.ts", "event, store"],
  ["service/src/health/", "http"],
  ["service/src/http/", "manager.http, notify.http"],
  ["service/src/lifecycle/", ofService],
  ["service/src/log/", "log"],
  ["service/src/store/", "store"],
];

const introduction = `# Log

Which messages there are is written by \`tests/log-reference.test.ts\` from the sources; what they mean, by people, in the last
column, which is kept.

Each line is a JSON object: \`timestamp\`, \`level\`, \`logger\`, \`message\`, and then the fields, where there is something to say. What
stands in braces is filled in. An \`error\` has \`name\`, \`code\`, \`message\`, \`stack\` and \`cause\`. \`of the service\` is \`gateway\`, \`proxy\`,
\`notify\` or \`manager\`, and \`espalier\` where one process is several of them. \`LOG_LEVEL\` is \`info\` unless set.
`;

/** By which levels a message has, and what they ask for. */
const sections: readonly (readonly [title: string, meaning: string, has: (message: LogMessage) => boolean])[] = [
  ["fatal", "The process ends.", onlyAt("fatal")],
  ["error", "Somebody must act. A healthy day has none.", onlyAt("error")],
  ["warn", "Something is not as it should be, and goes on.", onlyAt("warn")],
  ["info or warn", "Operations: `warn` are those that somebody may want to know of.", both("info", "warn")],
  [
    "by severity",
    "The level is the severity of what is told: `info` and `low` are `info`, `critical` is `error`.",
    ({ levels }) => levels.length > 2,
  ],
  ["info", "What happens on a healthy day.", onlyAt("info")],
  ["info or debug", "Requests: those that only ask whether it is there are `debug`.", both("info", "debug")],
  ["debug", "For who looks for a fault.", onlyAt("debug")],
];
const explained = new Set(["fatal", "error", "warn", "info or warn", "by severity"]);

/** Run with `-u` to write the page anew. */
describe("docs/reference/log.md", () => {
  let logging: Logging;

  beforeAll(() => {
    logging = readLogging(repository);
  });

  it("has every message that the sources log, with its level, its logger and its fields", async () => {
    const unplaced = logging.messages.filter((each) => sections.filter(([, , has]) => has(each)).length !== 1);
    expect(unplaced).toEqual([]);
    await expect(written(logging.messages)).toMatchFileSnapshot(page);
  });

  it("says of every warning and every error what it means and what to do", () => {
    const silent = tablesOf(readFileSync(page, "utf8"))
      .filter(({ title, explanation }) => explained.has(title) && explanation === "")
      .map(({ title, message, logger }) => `${title}: ${message} (${logger})`);
    expect(silent).toEqual([]);
  });

  it("calls loggers by the names that they are made with", () => {
    const known = new Set(
      [...loggers.map(([, name]) => name), ...logging.messages.map(({ logger = "log" }) => logger)]
        .flatMap((names) => names.split(", "))
        .flatMap((name) => name.split(".")),
    );
    // The logger's own, the service's, and one that tests a configuration and writes nothing.
    const made = new Set([...logging.loggers, "log", ofService]);
    expect([...known].filter((name) => !made.has(name))).toEqual([]);
    expect([...made].filter((name) => !known.has(name)).sort()).toEqual(["espalier", "test", "{name}"]);
  });
});

function onlyAt(level: string): (message: LogMessage) => boolean {
  return ({ levels }) => levels.length === 1 && levels[0] === level;
}

function both(level: string, other: string): (message: LogMessage) => boolean {
  return ({ levels }) => levels.length === 2 && levels.includes(level) && levels.includes(other);
}

interface Row {
  readonly title: string;
  readonly message: string;
  readonly logger: string;
  readonly explanation: string;
}

function written(messages: readonly LogMessage[]): string {
  const before = new Map(tablesOf(readPage()).map((row) => [keyOf(row), row.explanation]));
  const tables = sections.map(([title, meaning, has]) => {
    const rows = new Map<string, { readonly row: Omit<Row, "explanation">; readonly fields: Set<string> }>();
    for (const each of messages.filter(has)) {
      const row = { title, message: each.messages.map(code).join(" "), logger: loggerOf(each) };
      const known = rows.get(keyOf(row)) ?? { row, fields: new Set<string>() };
      for (const field of each.fields) known.fields.add(field);
      rows.set(keyOf(row), known);
    }
    const lines = [...rows.values()]
      .toSorted((a, b) => (`${a.row.logger} ${a.row.message}` < `${b.row.logger} ${b.row.message}` ? -1 : 1))
      .map(({ row, fields }) => {
        const names = [...fields].map((name) => `\`${name}\``).join(" ");
        return `| ${row.message} | ${row.logger} | ${names} | ${before.get(keyOf(row)) ?? ""} |`;
      });
    return `## ${title}\n\n${meaning}\n\n| message | logger | fields | meaning |\n| --- | --- | --- | --- |\n${lines.join("\n")}\n`;
  });
  return [introduction, ...tables].join("\n");
}

function loggerOf({ file, logger }: LogMessage): string {
  const found = logger ?? loggers.find(([path]) => file.startsWith(`packages/${path}`))?.[1];
  if (found === undefined) throw new Error(`${file} logs: say in tests/log-reference.test.ts by whose logger`);
  return found;
}

function code(message: string): string {
  return message.includes("`") ? `\`\` ${message} \`\`` : `\`${message}\``;
}

function keyOf({ title, message, logger }: Omit<Row, "explanation">): string {
  return `${title} ${logger} ${message}`;
}

function readPage(): string {
  try {
    return readFileSync(page, "utf8");
  } catch {
    return "";
  }
}

/** The rows of the page's tables. */
function tablesOf(text: string): Row[] {
  return text.split(/^## /m).flatMap((section) => {
    const [title = "", ...lines] = section.split("\n");
    return lines
      .filter((line) => line.startsWith("| `"))
      .map((line) => {
        const [message = "", logger = "", , explanation = ""] = line.slice(2, -1).split(" | ");
        return { title, message, logger, explanation: explanation.trim() };
      });
  });
}
