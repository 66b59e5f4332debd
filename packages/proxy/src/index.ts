/** The proxy: LDAP that survives its servers. */
export { configOfCommandLine, isBalancedTls, type ProxyCommandLine } from "./command-line.ts";
export { defaultControlSocket, type ProxyConfig, proxySection } from "./config.ts";
export { type TestFinding, testProxy } from "./config-test.ts";
export { askProxy, ControlError, type ControlMessage, tapProxy } from "./control/control-client.ts";
export type { ControlRequest } from "./control/protocol.ts";
export { formatStatus, isSound, type ProxyStatus } from "./control/status.ts";
export { formatHygiene, type HygieneRow } from "./observe/hygiene-report.ts";
export { proxyMetrics } from "./observe/metrics.ts";
export { formatTapRecord, type TapRecord } from "./observe/operation-tap.ts";
export { LdapProxy, type LdapProxyOptions } from "./service.ts";
