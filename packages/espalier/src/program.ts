/** The command line: which commands there are, and what their help says. What a command does is loaded when it is given. */

import { workerCommand } from "@espalier/gateway/worker-command";
import { Command } from "commander";
import { addBackupCommands } from "./commands/backup-commands.ts";
import { addBootstrapCommands } from "./commands/bootstrap-commands.ts";
import { addCertCommands } from "./commands/cert-commands.ts";
import { addCheckCommands } from "./commands/check-commands.ts";
import { addClientSideCommands } from "./commands/client-side.ts";
import { addEventCommands } from "./commands/events.ts";
import { addHealthCommands } from "./commands/health-commands.ts";
import { addInitCommand } from "./commands/init.ts";
import { addKnownHostsCommands } from "./commands/known-hosts-commands.ts";
import { addNotifyCommands } from "./commands/notify-commands.ts";
import { addProxyCommands } from "./commands/proxy-commands.ts";
import { addRenderCommands } from "./commands/render-commands.ts";
import { addSloCommands } from "./commands/slo.ts";
import { addSupportBundleCommands } from "./commands/support-bundle-commands.ts";
import type { Environment } from "./configuration.ts";
import { version } from "./version.ts";

interface FileOption {
  readonly config?: string;
}

const fileHelp = "the configuration file (default: espalier.yaml, if it is there)";

/** @param environment the process's variables, handed to the one configuration loader. */
export function createProgram(environment: Environment): Command {
  const program = new Command("espalier")
    .description(
      "Serves the users of an SQL database over LDAP, keeps LDAP reachable while servers fail, tells people, and manages directories.",
    )
    .version(version, "-V, --version", "print the version")
    .showHelpAfterError("(espalier --help says what there is)")
    .exitOverride();

  program.commandsGroup("Serve:");
  addInitCommand(program, environment);
  program
    .command("up")
    .description("run everything the configuration enables; without a configuration, a demo directory")
    .option("-c, --config <file>", fileHelp)
    .action(async ({ config }: FileOption) => {
      const { up } = await import("./commands/up.ts");
      process.exitCode = await up(environment, config);
    });
  addGatewayCommands(program, environment);
  addProxyCommands(program, environment, fileHelp);
  addNotifyCommands(program, environment, fileHelp);
  program
    .command("manager")
    .description("serve an API over clusters of LDAP servers: browse, change, compare")
    .option("-c, --config <file>", `${fileHelp}; a config.yml of clusters alone will do`)
    .action(async ({ config }: FileOption) => {
      const [{ runManager }, { loadManagerConfiguration }] = await Promise.all([
        import("./commands/manager.ts"),
        import("./configuration.ts"),
      ]);
      process.exitCode = await runManager(() => loadManagerConfiguration(environment, config), {
        systemd: environment,
      });
    });

  program.commandsGroup("Look:");
  addHealthCommands(program, environment, fileHelp);
  addEventCommands(program, environment, fileHelp);
  addSupportBundleCommands(program, environment, fileHelp);

  program.commandsGroup("Check:");
  addCheckCommands(program, environment, fileHelp);
  addConfigCommands(program, environment);

  program.commandsGroup("Prepare and keep:");
  addCertCommands(program);
  addKnownHostsCommands(program);
  addBootstrapCommands(program, environment);
  addRenderCommands(program, environment);
  addSloCommands(program);
  addBackupCommands(program, environment, fileHelp);

  program.commandsGroup("Help:").helpCommand(true);
  return program;
}

function addGatewayCommands(program: Command, environment: Environment): void {
  const gateway = program
    .command("gateway")
    .description("serve an SQL database over LDAP")
    .option("-c, --config <file>", fileHelp)
    .action(async ({ config }: FileOption) => {
      const [{ runGateway }, { loadGatewayConfiguration }] = await Promise.all([
        import("./commands/gateway.ts"),
        import("./configuration.ts"),
      ]);
      process.exitCode = await runGateway(() => loadGatewayConfiguration(environment, config), {
        systemd: environment,
      });
    });
  program
    .command(workerCommand, { hidden: true })
    .option("-c, --config <file>", fileHelp)
    .action(async ({ config }: FileOption) => {
      const [{ runGatewayWorker }, { loadGatewayConfiguration }] = await Promise.all([
        import("./commands/gateway-worker.ts"),
        import("./configuration.ts"),
      ]);
      process.exitCode = await runGatewayWorker(() => loadGatewayConfiguration(environment, config));
    });
  gateway
    .command("sql-trigger")
    .description("print the PostgreSQL trigger that tells gateways of changes at once")
    .argument("<table...>", "the tables that the queries read, as PostgreSQL spells them")
    .action(async (tables: string[]) => {
      const { sqlTrigger } = await import("@espalier/gateway");
      process.stdout.write(sqlTrigger(tables));
    });
  addClientSideCommands(gateway, environment, fileHelp);
}

function addConfigCommands(program: Command, environment: Environment): void {
  const config = program.command("config").description("look at the configuration");
  config
    .command("test")
    .description("check file and environment, then open what they name: certificates, database, queries, servers")
    .option("-c, --config <file>", fileHelp)
    .action(async ({ config: file }: FileOption) => {
      const [{ configTest }, { loadWholeConfiguration }] = await Promise.all([
        import("./commands/config-test.ts"),
        import("./configuration.ts"),
      ]);
      process.exitCode = await configTest(loadWholeConfiguration(environment, file), process.stdout);
    });
  config
    .command("schema")
    .description("print the JSON Schema of espalier.yaml, for editors")
    .action(async () => {
      const [{ configurationJsonSchema }, { sections }] = await Promise.all([
        import("@espalier/service"),
        import("./configuration.ts"),
      ]);
      process.stdout.write(`${JSON.stringify(configurationJsonSchema(sections), null, 2)}\n`);
    });
}
