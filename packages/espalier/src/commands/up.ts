/** `espalier up`: everything the configuration enables; without any configuration, the demo directory. */
import { existsSync, openSync } from "node:fs";
import { join } from "node:path";
import type { Gateway } from "@espalier/gateway";
import type { LdapProxy } from "@espalier/proxy";
import { type Configuration, type Environment, loadWholeConfiguration } from "../configuration.ts";
import { demoConfigurationFile, demoGuide, prepareDemo } from "../demo/demo.ts";
import { gatewayOf, gatewayPart } from "./gateway.ts";
import { managerOf, managerPart } from "./manager.ts";
import { notifyOf, notifyPart } from "./notify.ts";
import { proxyOf, proxyPart } from "./proxy.ts";
import { type Part, type RunOptions, runParts, type Surroundings } from "./run-parts.ts";

/** Where the demo keeps what it makes, below the working directory. */
const demoData = "data";

export async function up(environment: Environment, file: string | undefined): Promise<number> {
  const services = new Services();
  const make = (configuration: Configuration, surroundings: Surroundings) => services.make(configuration, surroundings);
  if (isConfigured(environment, file)) {
    return runParts(() => loadWholeConfiguration(environment, file), make, { systemd: environment });
  }
  prepareDemo(join(demoData, "demo.sqlite"));
  const options: RunOptions = {
    logTo: openSync(join(demoData, "espalier.log"), "a"),
    onServing: () => process.stdout.write(demoGuide(services.gateway as Gateway, services.proxy!, demoData)),
  };
  return runParts(() => loadWholeConfiguration(environment, demoConfigurationFile), make, options);
}

/** Those that the configuration has. */
class Services {
  gateway: ReturnType<typeof gatewayOf> | undefined;
  proxy: LdapProxy | undefined;

  /** Notifications first, of which the others may ask something; each before those that may stand in front of it. */
  make(
    { gateway, proxy, notify, manager, clusters }: Configuration,
    surroundings: Surroundings,
  ): Part<Configuration>[] {
    const parts: Part<Configuration>[] = [];
    if (notify !== undefined) parts.push(notifyPart(notifyOf(notify, surroundings), notify));
    if (gateway !== undefined) {
      this.gateway = gatewayOf(gateway, surroundings);
      parts.push(gatewayPart(this.gateway, gateway));
    }
    if (proxy !== undefined) {
      this.proxy = proxyOf(proxy, surroundings);
      parts.push(proxyPart(this.proxy, proxy));
    }
    if (manager !== undefined && clusters !== undefined) {
      const managed = { manager, clusters };
      parts.push(managerPart(managerOf(managed, surroundings), managed));
    }
    return parts;
  }
}

/** Whether anything says what to serve: a file, or variables that name a directory, a database or who may send webhooks. */
function isConfigured(environment: Environment, file: string | undefined): boolean {
  if (file !== undefined || existsSync("espalier.yaml")) return true;
  return Object.keys(environment).some((name) =>
    /^(SQL_UR[IL]|SQL_QUERY_|LDAP_BASE_DN|LDAP_COMMON_NAME|(PARTICLE_)?WEBHOOK_SECRET)/.test(name),
  );
}
