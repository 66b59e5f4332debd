/** The whole configuration: every service's section, read by the one loader. */
import { devNull } from "node:os";
import { type GatewayConfig, gatewaySection } from "@espalier/gateway";
import { type NotifyConfig, notifySection } from "@espalier/notify";
import { defaultControlSocket, type ProxyConfig, proxySection } from "@espalier/proxy";
import {
  defineSection,
  type LogLevel,
  loadConfiguration,
  logSection,
  metricsSection,
  type StoreConfig,
  storeSection,
} from "@espalier/service";
import { z } from "zod";

export type Environment = Readonly<Record<string, string | undefined>>;

export const sections = [
  gatewaySection,
  proxySection,
  notifySection,
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

/** At least one service is there. */
export interface Configuration extends CommonConfiguration {
  readonly gateway?: GatewayConfig | undefined;
  readonly proxy?: ProxyConfig | undefined;
  readonly notify?: NotifyConfig | undefined;
}

/** @throws ConfigurationError with every problem there is. */
export function loadGatewayConfiguration(environment: Environment, file: string | undefined): GatewayConfiguration {
  const { values, warnings } = loadConfiguration({
    file,
    environment,
    sections: [gatewaySection, logSection, metricsSection],
    optionalSections: [storeSection, ...[proxySection, notifySection].map(ofOthers)],
  });
  return { ...values, warnings };
}

/** @throws ConfigurationError with every problem there is. */
export function loadProxyConfiguration(environment: Environment, file: string | undefined): ProxyConfiguration {
  const { values, warnings } = loadConfiguration({
    file,
    environment,
    sections: [proxySection, logSection, metricsSection],
    optionalSections: [storeSection, ...[gatewaySection, notifySection].map(ofOthers)],
  });
  return { ...values, warnings };
}

/** @throws ConfigurationError with every problem there is. */
export function loadNotifyConfiguration(environment: Environment, file: string | undefined): NotifyConfiguration {
  const { values, warnings } = loadConfiguration({
    file,
    environment,
    sections: [notifySection, storeSection, logSection, metricsSection],
    optionalSections: [gatewaySection, proxySection].map(ofOthers),
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
    optionalSections: [
      proxySection,
      ...[gatewaySection, notifySection, storeSection, logSection, metricsSection].map(ofOthers),
    ],
  });
  return values.proxy?.control ?? defaultControlSocket;
}

/** Whatever services there are; where there is none, the problems are what a gateway would need. @throws ConfigurationError */
export function loadWholeConfiguration(environment: Environment, file: string | undefined): Configuration {
  const { values, warnings } = loadConfiguration({
    file,
    environment,
    sections: [logSection, metricsSection],
    optionalSections: [gatewaySection, proxySection, notifySection, storeSection],
  });
  const { gateway, proxy, notify } = values;
  if (notify !== undefined && values.store === undefined) {
    return { ...values, store: loadNotifyConfiguration(environment, file).store, warnings };
  }
  if (gateway === undefined && proxy === undefined && notify === undefined) {
    return loadGatewayConfiguration(environment, file);
  }
  return { ...values, warnings };
}

/** A section that may be there and is another service's to check. */
export function ofOthers<const Name extends string>({ name, description }: { name: Name; description: string }) {
  return defineSection({ name, description, schema: z.looseObject({}) });
}
