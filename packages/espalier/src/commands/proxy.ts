/** `espalier proxy`: the LDAP balancer. */
import { LdapProxy, type ProxyConfig } from "@espalier/proxy";
import type { ProxyConfiguration } from "../configuration.ts";
import { version } from "../version.ts";
import { type Part, type RunOptions, runParts, type Surroundings } from "./run-parts.ts";

/** Runs until a signal ends it; resolves to the exit code. @throws ConfigurationError */
export function runProxy(load: () => ProxyConfiguration, options: RunOptions = {}): Promise<number> {
  return runParts(
    load,
    (configuration, surroundings) => [proxyPart(proxyOf(configuration.proxy, surroundings), configuration.proxy)],
    options,
  );
}

export function proxyOf(config: ProxyConfig, { log, health, metrics, events }: Surroundings): LdapProxy {
  return new LdapProxy({ config, log: log.logger("proxy"), events, health, metrics, version });
}

export function proxyPart(
  proxy: LdapProxy,
  { drainTimeout }: ProxyConfig,
): Part<{ readonly proxy?: ProxyConfig | undefined }> {
  return {
    name: "proxy",
    start: (signal) => proxy.start(signal),
    async reload(configuration) {
      if (configuration.proxy !== undefined) await proxy.reload(configuration.proxy);
    },
    drain: (signal) => proxy.drain(signal),
    drainTimeoutMs: drainTimeout,
    replacesAnother: true,
  };
}
