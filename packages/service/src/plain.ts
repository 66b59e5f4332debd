/** `@espalier/service/plain`: what needs no package and no socket, for commands and checks that are to start at once. */
export { type ClusterNode, clusterNodes } from "./clusters/nodes.ts";
export { formatHostPort, type HostPort, parseHostPort } from "./configuration/address.ts";
export { defaultConfigurationFile } from "./configuration/default-file.ts";
export { formatDuration, parseDuration } from "./configuration/quantity.ts";
export { nearestWord } from "./configuration/suggestion.ts";
export { canonicalJson, type JsonValue } from "./events/canonical-json.ts";
export { type Severity, severities } from "./events/event.ts";
export { namesSecret, redacted, redactUrls } from "./log/redaction.ts";
