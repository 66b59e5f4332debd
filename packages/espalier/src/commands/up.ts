/** `espalier up`: everything the configuration enables; without any configuration, the demo directory. */
import { existsSync, openSync } from "node:fs";
import { join } from "node:path";
import { type Environment, loadGatewayConfiguration } from "../configuration.ts";
import { demoConfigurationFile, demoGuide, prepareDemo } from "../demo/demo.ts";
import { runGateway } from "./gateway.ts";

/** Where the demo keeps what it makes, below the working directory. */
const demoData = "data";

export async function up(environment: Environment, file: string | undefined): Promise<number> {
  if (isConfigured(environment, file)) return runGateway(() => loadGatewayConfiguration(environment, file));
  prepareDemo(join(demoData, "demo.sqlite"));
  return runGateway(() => loadGatewayConfiguration(environment, demoConfigurationFile), {
    logTo: openSync(join(demoData, "espalier.log"), "a"),
    onServing: (gateway) => process.stdout.write(demoGuide(gateway, demoData)),
  });
}

/** Whether anything says what to serve: a file, or variables that name a directory or a database. */
function isConfigured(environment: Environment, file: string | undefined): boolean {
  if (file !== undefined || existsSync("espalier.yaml")) return true;
  return Object.keys(environment).some((name) => /^(SQL_UR[IL]|SQL_QUERY_|LDAP_BASE_DN|LDAP_COMMON_NAME)/.test(name));
}
