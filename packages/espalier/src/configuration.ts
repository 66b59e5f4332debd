/** The whole configuration: every service's section, read by the one loader. */
import { devNull } from "node:os";
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
    optionalSections: foreign(managerSection, clustersSection, storeSection, logSection, metricsSection),
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
  const { values, warnings } = loadConfiguration({
    file,
    environment,
    sections: [logSection, metricsSection],
    optionalSections: [gatewaySection, proxySection, notifySection, managerSection, clustersSection, storeSection],
  });
  const { gateway, proxy, notify, store, clusters, log, metrics } = values;
  const common = { log, metrics, warnings };
  // Variables such as PORT mean other programs as well: a manager is there where the file has it, or its clusters.
  const isOfVariables = Object.keys(managerSection.environment).some((name) => environment[name] !== undefined);
  const isManaged = clusters !== undefined || (values.manager !== undefined && !isOfVariables);
  // Beside a gateway PORT is that one's.
  const own = gateway === undefined ? environment : { ...environment, PORT: undefined, PORT_FILE: undefined };
  const manager = isManaged ? loadManagerConfiguration(own, file) : undefined;
  const notifier = notify === undefined || store !== undefined ? undefined : loadNotifyConfiguration(environment, file);
  if (gateway === undefined && proxy === undefined && notify === undefined && manager === undefined) {
    return loadGatewayConfiguration(environment, file);
  }
  return {
    ...common,
    ...{ gateway, proxy, notify, clusters, manager: manager?.manager },
    store: store ?? manager?.store ?? notifier?.store,
  };
}

/** All sections but these, which may be in the file as well and are other services' to check. */
export function foreign(...own: readonly Pick<Section, "name">[]): Section<string>[] {
  return sections
    .filter(({ name }) => !own.some((each) => each.name === name))
    .map((each) => foreignSection<string>(each));
}
