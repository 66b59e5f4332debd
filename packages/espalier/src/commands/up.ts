/** `espalier up`: everything the configuration enables; without any configuration, the demo directory. */
import { existsSync, openSync } from "node:fs";
import { join } from "node:path";
import type { Gateway } from "@espalier/gateway";
import type { LdapProxy } from "@espalier/proxy";
import { type Configuration, type Environment, loadWholeConfiguration } from "../configuration.ts";
import { demoConfigurationFile, demoGuide, prepareDemo } from "../demo/demo.ts";
import { checkPart, checkServiceOf, findingSourceOf } from "./check-part.ts";
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
  const makeDemo = (configuration: Configuration, surroundings: Surroundings) =>
    services.make(configuration, surroundings, true);
  return runParts(() => loadWholeConfiguration(environment, demoConfigurationFile), makeDemo, options);
}

/** Those that the configuration has. */
class Services {
  gateway: ReturnType<typeof gatewayOf> | undefined;
  proxy: LdapProxy | undefined;

  /** Notifications first, of which the others may ask something; each before those that may stand in front of it. */
  make(configuration: Configuration, surroundings: Surroundings, isDemo = false): Part<Configuration>[] {
    const { gateway, proxy, notify, manager, clusters } = configuration;
    const parts: Part<Configuration>[] = [];
    // What is tried out on loopback, with passwords that everybody knows, needs no findings.
    const checks = isDemo ? undefined : checkServiceOf(configuration, surroundings);
    const notifications = notify && notifyOf(notify, surroundings);
    if (notifications !== undefined) parts.push(notifyPart(notifications, notifications.config));
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
      const findings = checks && findingSourceOf(checks);
      parts.push(
        managerPart(
          managerOf(managed, surroundings, { findings, notify: notifications && (() => notifications.config) }),
          managed,
        ),
      );
    }
    if (checks !== undefined) parts.push(checkPart(checks, surroundings.store));
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
