/** The command line: which commands there are, and what their help says. What a command does is loaded when it is given. */

import { workerCommand } from "@espalier/gateway/worker-command";
import { configurationJsonSchema } from "@espalier/service";
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
import {
  type Environment,
  loadGatewayConfiguration,
  loadManagerConfiguration,
  loadWholeConfiguration,
  sections,
} from "./configuration.ts";
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

  program
    .command("up")
    .description("run everything the configuration enables; without a configuration, a demo directory")
    .option("-c, --config <file>", fileHelp)
    .action(async ({ config }: FileOption) => {
      const { up } = await import("./commands/up.ts");
      process.exitCode = await up(environment, config);
    });

  addInitCommand(program, environment);
  const gateway = program
    .command("gateway")
    .description("serve an SQL database over LDAP")
    .option("-c, --config <file>", fileHelp)
    .action(async ({ config }: FileOption) => {
      const { runGateway } = await import("./commands/gateway.ts");
      process.exitCode = await runGateway(() => loadGatewayConfiguration(environment, config), {
        systemd: environment,
      });
    });
  program
    .command(workerCommand, { hidden: true })
    .option("-c, --config <file>", fileHelp)
    .action(async ({ config }: FileOption) => {
      const { runGatewayWorker } = await import("./commands/gateway-worker.ts");
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
  addProxyCommands(program, environment, fileHelp);
  addNotifyCommands(program, environment, fileHelp);
  program
    .command("manager")
    .description("serve an API over clusters of LDAP servers: browse, change, compare")
    .option("-c, --config <file>", `${fileHelp}; a config.yml of clusters alone will do`)
    .action(async ({ config }: FileOption) => {
      const { runManager } = await import("./commands/manager.ts");
      process.exitCode = await runManager(() => loadManagerConfiguration(environment, config), {
        systemd: environment,
      });
    });
  addCheckCommands(program, environment, fileHelp);
  addHealthCommands(program, environment, fileHelp);
  addSloCommands(program);
  addRenderCommands(program, environment);
  addBootstrapCommands(program, environment);
  addCertCommands(program);
  addKnownHostsCommands(program);
  addBackupCommands(program, environment, fileHelp);
  addSupportBundleCommands(program, environment, fileHelp);
  addEventCommands(program, environment, fileHelp);

  const config = program.command("config").description("look at the configuration");
  config
    .command("test")
    .description("check file and environment, then open what they name: certificates, database, queries, servers")
    .option("-c, --config <file>", fileHelp)
    .action(async ({ config: file }: FileOption) => {
      const { configTest } = await import("./commands/config-test.ts");
      process.exitCode = await configTest(loadWholeConfiguration(environment, file), process.stdout);
    });
  config
    .command("schema")
    .description("print the JSON Schema of espalier.yaml, for editors")
    .action(() => {
      process.stdout.write(`${JSON.stringify(configurationJsonSchema(sections), null, 2)}\n`);
    });
  return program;
}
