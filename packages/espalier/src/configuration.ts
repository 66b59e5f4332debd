/** The whole configuration: every service's section, read by the one loader. */
import { type GatewayConfig, gatewaySection } from "@espalier/gateway";
import { type LogLevel, loadConfiguration, logSection, metricsSection } from "@espalier/service";

export type Environment = Readonly<Record<string, string | undefined>>;

export const sections = [gatewaySection, logSection, metricsSection] as const;

export interface GatewayConfiguration {
  readonly gateway: GatewayConfig;
  readonly log: { readonly level: LogLevel };
  readonly metrics: { readonly listen: { readonly host: string; readonly port: number } | "off" };
  readonly warnings: readonly string[];
}

/** @throws ConfigurationError with every problem there is. */
export function loadGatewayConfiguration(environment: Environment, file: string | undefined): GatewayConfiguration {
  const { values, warnings } = loadConfiguration({ file, environment, sections });
  return { ...values, warnings };
}
