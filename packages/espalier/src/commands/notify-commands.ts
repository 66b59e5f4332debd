/** `espalier notify` on the command line: the service, and what an administrator does about what it could not deliver. */
import { userInfo } from "node:os";
import type { DeadLetterFilter } from "@espalier/notify";
import { type Command, InvalidArgumentError } from "commander";
import type { Environment } from "../configuration.ts";
import { parseTime } from "./time-argument.ts";

interface FileOption {
  readonly config?: string;
}

interface FilterOptions extends FileOption {
  readonly channel?: string;
  readonly route?: string;
  readonly type?: string;
  readonly since?: number;
  readonly until?: number;
}

/** @param fileHelp what -c is. */
export function addNotifyCommands(program: Command, environment: Environment, fileHelp: string): void {
  const notify = program
    .command("notify")
    .description("take webhooks, and tell people what happens")
    .option("-c, --config <file>", fileHelp)
    .enablePositionalOptions()
    .action(async ({ config }: FileOption) => {
      const [{ runNotify }, { loadNotifyConfiguration }] = await Promise.all([
        import("./notify.ts"),
        import("../configuration.ts"),
      ]);
      process.exitCode = await runNotify(() => loadNotifyConfiguration(environment, config), {
        systemd: environment,
      });
    });
  const command = (parent: Command, name: string, description: string) =>
    parent.command(name).description(description).option("-c, --config <file>", fileHelp);
  const access = ({ config: file }: FileOption) => ({ environment, file, notifications: true });

  command(notify, "test", "send a message to one channel, now")
    .argument("<channel>", "its name in the configuration")
    .action(async (channel: string, { config }: FileOption) => {
      const [{ testChannel }, { loadNotifyConfiguration }] = await Promise.all([
        import("./notify-administration.ts"),
        import("../configuration.ts"),
      ]);
      process.exitCode = await testChannel(
        loadNotifyConfiguration(environment, config).notify,
        channel,
        process.stdout,
      );
    });
  command(notify, "enable", "use a channel again that was disabled because it failed for too long")
    .argument("<channel>", "its name in the configuration")
    .action(async (channel: string, options: FileOption) => {
      const { enableAgain } = await import("./notify-administration.ts");
      process.exitCode = await enableAgain(access(options), channel, userInfo().username, process.stdout);
    });
  command(notify, "rejected", "show the newest requests that were refused, without their secrets")
    .option("--source <name>", "only of that source")
    .option("--limit <number>", "how many (default: 20)", parseCount)
    .option("--json", "one JSON object a line")
    .action(async ({ source, limit, json = false, ...options }: FileOption & RejectedOptions) => {
      const wanted = { ...(source === undefined ? {} : { source }), ...(limit === undefined ? {} : { limit }) };
      const { listRejected } = await import("./notify-administration.ts");
      process.exitCode = await listRejected(access(options), wanted, json, process.stdout);
    });

  const approvals = notify.command("approvals").description("logins that wait for a person's yes or no");
  command(approvals, "unlock", "ask a user again who rejected logins, or said that it was somebody else")
    .argument("<user>", "the user's name")
    .action(async (user: string, options: FileOption) => {
      const { unlockUser } = await import("./notify-approvals.ts");
      process.exitCode = await unlockUser(access(options), user, userInfo().username, process.stdout);
    });

  const dead = notify.command("dead").description("messages that did not arrive, and are not tried any more");
  const filtered = (name: string, description: string) =>
    command(dead, name, description)
      .option("--channel <name>", "only to that channel")
      .option("--route <name>", "only of that route")
      .option("--type <type>", "only of events of that type, or below that name as in backend.*")
      .option("--since <time>", "that died not before that time (ISO 8601) or that long ago, as in 2h", parseTime)
      .option("--until <time>", "that died before that time, or that long ago", parseTime);
  filtered("list", "print a page of them, those that died last first")
    .option("--limit <number>", "how many, up to 1000 (default: 50)", parseCount)
    .option("--cursor <text>", "go on where the page before ended")
    .option("--json", "one JSON object a line")
    .action(async ({ limit, cursor, json = false, ...options }: FilterOptions & ListOptions) => {
      const page = { ...(limit === undefined ? {} : { limit }), ...(cursor === undefined ? {} : { cursor }) };
      const { listDead } = await import("./notify-administration.ts");
      process.exitCode = await listDead(access(options), filterOf(options), page, json, process.stdout);
    });
  command(dead, "show", "print one with what it tells and why it failed")
    .argument("<id>", "as list prints it")
    .action(async (id: string, options: FileOption) => {
      const { showDead } = await import("./notify-administration.ts");
      process.exitCode = await showDead(access(options), id, process.stdout);
    });
  filtered("replay", "send one again, or all that match")
    .argument("[id]", "as list prints it; without it those that match")
    .option("--all", "all that match, or all there are")
    .action(async (id: string | undefined, { all = false, ...options }: FilterOptions & { readonly all?: boolean }) => {
      const filter = filterOf(options);
      const which = id ?? (all || Object.keys(filter).length > 0 ? filter : undefined);
      const { replayDead } = await import("./notify-administration.ts");
      process.exitCode = await replayDead(access(options), which, userInfo().username, process.stdout);
    });
  filtered("purge", "throw away those that match, for good")
    .option("--all", "all there are")
    .action(async ({ all = false, ...options }: FilterOptions & { readonly all?: boolean }) => {
      const filter = filterOf(options);
      const which = all || Object.keys(filter).length > 0 ? filter : undefined;
      const { purgeDead } = await import("./notify-administration.ts");
      process.exitCode = await purgeDead(access(options), which, userInfo().username, process.stdout);
    });
}

interface RejectedOptions {
  readonly source?: string;
  readonly limit?: number;
  readonly json?: boolean;
}

interface ListOptions {
  readonly limit?: number;
  readonly cursor?: string;
  readonly json?: boolean;
}

function filterOf({ channel, route, type, since, until }: FilterOptions): DeadLetterFilter {
  return {
    ...(channel === undefined ? {} : { channel }),
    ...(route === undefined ? {} : { route }),
    ...(type === undefined ? {} : { type }),
    ...(since === undefined ? {} : { from: since }),
    ...(until === undefined ? {} : { until }),
  };
}

function parseCount(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text) || Number(text) > 1_000)
    throw new InvalidArgumentError("write a number from 1 to 1000");
  return Number(text);
}
