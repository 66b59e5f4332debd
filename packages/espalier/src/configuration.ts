/** The whole configuration: every service's section, read by the one loader. */
import { devNull } from "node:os";
import { type CheckConfig, checkSection } from "@espalier/check/config";
import { type GatewayConfig, gatewaySection } from "@espalier/gateway/config";
import { type ManagerConfig, managerSection } from "@espalier/manager/config";
import { type NotifyConfig, notifySection } from "@espalier/notify/config";
import { defaultControlSocket, type ProxyConfig, proxySection } from "@espalier/proxy/config";
import {
  type ClusterConfig,
  clustersSection,
  foreignSection,
  type LogLevel,
  loadConfiguration,
  logSection,
  metricsSection,
  type Section,
  type StoreConfig,
  storeSection,
} from "@espalier/service";

export type Environment = Readonly<Record<string, string | undefined>>;

export const sections = [
  gatewaySection,
  proxySection,
  notifySection,
  managerSection,
  clustersSection,
  checkSection,
  storeSection,
  logSection,
  metricsSection,
] as const;

/** What every service's process has. */
export interface CommonConfiguration {
  readonly log: { readonly level: LogLevel };
  readonly metrics: { readonly listen: { readonly host: string; readonly port: number } | "off" };
  /** Where services report to, and what outlives them is kept. */
  readonly store?: StoreConfig | undefined;
  readonly warnings: readonly string[];
}

export interface GatewayConfiguration extends CommonConfiguration {
  readonly gateway: GatewayConfig;
}

export interface ProxyConfiguration extends CommonConfiguration {
  readonly proxy: ProxyConfig;
}

export interface NotifyConfiguration extends CommonConfiguration {
  readonly notify: NotifyConfig;
  readonly store: StoreConfig;
}

export interface ManagerConfiguration extends CommonConfiguration {
  readonly manager: ManagerConfig;
  /** Of which it shows what the store has. */
  readonly notify?: NotifyConfig | undefined;
  readonly clusters: readonly ClusterConfig[];
  readonly store: StoreConfig;
}

/** At least one service is there. */
export interface Configuration extends CommonConfiguration {
  readonly gateway?: GatewayConfig | undefined;
  readonly proxy?: ProxyConfig | undefined;
  readonly notify?: NotifyConfig | undefined;
  /** With `clusters`. */
  readonly manager?: ManagerConfig | undefined;
  readonly clusters?: readonly ClusterConfig[] | undefined;
  readonly check?: CheckConfig | undefined;
}

/** @throws ConfigurationError with every problem there is. */
export function loadGatewayConfiguration(environment: Environment, file: string | undefined): GatewayConfiguration {
  const { values, warnings } = loadConfiguration({
    file,
    environment,
    sections: [gatewaySection, logSection, metricsSection],
    optionalSections: [storeSection, ...foreign(gatewaySection, logSection, metricsSection, storeSection)],
  });
  return { ...values, warnings };
}

/** @throws ConfigurationError with every problem there is. */
export function loadProxyConfiguration(environment: Environment, file: string | undefined): ProxyConfiguration {
  const { values, warnings } = loadConfiguration({
    file,
    environment,
    sections: [proxySection, logSection, metricsSection],
    optionalSections: [storeSection, ...foreign(proxySection, logSection, metricsSection, storeSection)],
  });
  return { ...values, warnings };
}

/** @throws ConfigurationError with every problem there is. */
export function loadNotifyConfiguration(environment: Environment, file: string | undefined): NotifyConfiguration {
  const { values, warnings } = loadConfiguration({
    file,
    environment,
    sections: [notifySection, storeSection, logSection, metricsSection],
    optionalSections: foreign(notifySection, storeSection, logSection, metricsSection),
  });
  return { ...values, warnings };
}

/** @throws ConfigurationError with every problem there is. */
export function loadManagerConfiguration(environment: Environment, file: string | undefined): ManagerConfiguration {
  const { values, warnings } = loadConfiguration({
    file,
    environment,
    sections: [managerSection, clustersSection, storeSection, logSection, metricsSection],
    optionalSections: [
      notifySection,
      ...foreign(managerSection, clustersSection, notifySection, storeSection, logSection, metricsSection),
    ],
  });
  return { ...values, warnings };
}

/** Of a proxy that its command line describes: no file is read. @throws ConfigurationError */
export function proxyConfigurationOf(proxy: ProxyConfig, environment: Environment): ProxyConfiguration {
  const { values, warnings } = loadConfiguration({
    file: devNull,
    environment,
    sections: [logSection, metricsSection],
  });
  return { ...values, proxy, warnings };
}

/** The socket on which a running proxy is asked: as configured, or the default. @throws ConfigurationError */
export function controlSocketOf(environment: Environment, file: string | undefined): string {
  const { values } = loadConfiguration({
    file,
    environment,
    sections: [],
    optionalSections: [proxySection, ...foreign(proxySection)],
  });
  return values.proxy?.control ?? defaultControlSocket;
}

/** Whatever services there are; where there is none, the problems are what a gateway would need. @throws ConfigurationError */
export function loadWholeConfiguration(environment: Environment, file: string | undefined): Configuration {
  // PORT is the gateway's where there is one, and makes none by itself: other programs have it too.
  const portless = { ...environment, PORT: undefined, PORT_FILE: undefined };
  const found = loadSections(portless, file);
  const { values, warnings } = found.values.gateway === undefined ? found : loadSections(environment, file);
  const { gateway, proxy, notify, store, clusters, check, log, metrics } = values;
  const common = { log, metrics, warnings };
  // Variables such as ALLOWED_ORIGINS mean other programs as well: a manager is there where the file has it, or its clusters.
  const isOfVariables = Object.keys(managerSection.environment).some((name) => environment[name] !== undefined);
  const isManaged = clusters !== undefined || (values.manager !== undefined && !isOfVariables);
  const manager = isManaged
    ? loadManagerConfiguration(gateway === undefined ? environment : portless, file)
    : undefined;
  const notifier = notify === undefined || store !== undefined ? undefined : loadNotifyConfiguration(environment, file);
  if (gateway === undefined && proxy === undefined && notify === undefined && manager === undefined) {
    return loadGatewayConfiguration(environment, file);
  }
  return {
    ...common,
    ...{ gateway, proxy, notify, clusters, check, manager: manager?.manager },
    store: store ?? manager?.store ?? notifier?.store,
  };
}

function loadSections(environment: Environment, file: string | undefined) {
  return loadConfiguration({
    file,
    environment,
    sections: [logSection, metricsSection],
    optionalSections: [
      ...([gatewaySection, proxySection, notifySection, managerSection, clustersSection] as const),
      ...([checkSection, storeSection] as const),
    ],
  });
}

/** All sections but these, which may be in the file as well and are other services' to check. */
export function foreign(...own: readonly Pick<Section, "name">[]): Section<string>[] {
  return sections
    .filter(({ name }) => !own.some((each) => each.name === name))
    .map((each) => foreignSection<string>(each));
}
