/** What every Espalier service shares: configuration, log, metrics, health, lifecycle and TLS. */

export type { ClusterConfig, CreationForm } from "./clusters/config.ts";
export { clusterConfig, clustersConfig, clustersSection, creationForm, roleNames } from "./clusters/config.ts";
export type { ClusterNode, NodeSecurity } from "./clusters/nodes.ts";
export { clusterNodes } from "./clusters/nodes.ts";
export type { HostPort, ListenAddress } from "./configuration/address.ts";
export { formatHostPort, parseHostPort } from "./configuration/address.ts";
export { hostPort, listenUrl } from "./configuration/address-schema.ts";
export type { ConfigurationProblem } from "./configuration/error.ts";
export { ConfigurationError, formatProblem } from "./configuration/error.ts";
export { configurationJsonSchema } from "./configuration/json-schema.ts";
export type { ConfigurationSources, LoadedConfiguration } from "./configuration/load.ts";
export { loadConfiguration } from "./configuration/load.ts";
export { formatByteSize, formatDuration, parseByteSize, parseDuration } from "./configuration/quantity.ts";
export { byteSize, duration } from "./configuration/quantity-schema.ts";
export { configurationReference } from "./configuration/reference.ts";
export { Secret, secret } from "./configuration/secret.ts";
export type { EnvironmentTable, EnvironmentVariable, Section, SectionSchema } from "./configuration/section.ts";
export { defineSection, foreignSection } from "./configuration/section.ts";
export { logSection, metricsSection } from "./configuration/shared-sections.ts";
export { nearestWord } from "./configuration/suggestion.ts";
export { canonicalJson, type JsonValue } from "./events/canonical-json.ts";
export type { ChainReport } from "./events/chain.ts";
export type { EventSink, NewEvent, Severity } from "./events/event.ts";
export { severities } from "./events/event.ts";
export type { EventErrorCode } from "./events/event-error.ts";
export { EventError } from "./events/event-error.ts";
export type { Appended, AppendOptions, EventLogOptions, EventPage } from "./events/event-log.ts";
export { EventLog, eventMigrations } from "./events/event-log.ts";
export type { EventStore, EventStoreOptions } from "./events/event-store.ts";
export { openEventStore } from "./events/event-store.ts";
export { logEventSink } from "./events/log-sink.ts";
export { eventMetrics } from "./events/metrics.ts";
export type { EventFilter, EventQuery } from "./events/query.ts";
export type { Retention } from "./events/retention.ts";
export { parseLastEventId, serverSentEvents, serverSentEventsHeaders } from "./events/server-sent-events.ts";
export type { ChainLink, EventRow, PreparedEvent, StoredEvent } from "./events/stored-event.ts";
export { eventOfRow } from "./events/stored-event.ts";
export type { StreamOptions } from "./events/stream.ts";
export type { CheckResult, CheckStatus, Health, HealthReport, Readiness } from "./health/health.ts";
export { createHealth } from "./health/health.ts";
export type { HealthServer, HealthServerOptions } from "./health/server.ts";
export { startHealthServer } from "./health/server.ts";
export { network, parseNetwork } from "./http/network.ts";
export type { ProcessHost, RunOptions, Service } from "./lifecycle/run.ts";
export { runService } from "./lifecycle/run.ts";
export type { Notifier, SystemdEnvironment } from "./lifecycle/systemd.ts";
export { createNotifier } from "./lifecycle/systemd.ts";
export type { LogLevel } from "./log/level.ts";
export { logLevels } from "./log/level.ts";
export type { LogFields } from "./log/line.ts";
export type { Log, LogDestination, Logger } from "./log/logger.ts";
export { createLog } from "./log/logger.ts";
export { namesSecret, redacted, redactUrls } from "./log/redaction.ts";
export type {
  CounterDefinition,
  GaugeDefinition,
  HistogramDefinition,
  MetricDefinition,
} from "./metrics/definition.ts";
export type {
  Counter,
  CounterSeries,
  Gauge,
  GaugeSeries,
  Histogram,
  HistogramSeries,
  Instrument,
  Metrics,
  MetricsSnapshot,
} from "./metrics/metrics.ts";
export { aggregateMetrics, createMetrics, createProcessMetrics, metricsContentType } from "./metrics/metrics.ts";
export { metricsReference } from "./metrics/reference.ts";
export { ReusableMetrics } from "./metrics/reusable-metrics.ts";
export type { StoreConfig } from "./store/config.ts";
export { storeSection } from "./store/config.ts";
export type { Row } from "./store/driver.ts";
export type { StoreErrorCode } from "./store/error.ts";
export { StoreError } from "./store/error.ts";
export { storeMetrics } from "./store/metrics.ts";
export type { MigrationSet } from "./store/migrations.ts";
export { PostgresListener } from "./store/postgres-listener.ts";
export type { Database, SqlPart, SqlValue, TableColumns } from "./store/statement.ts";
export { joinSql, Statement, sql, sqlRows, sqlTable } from "./store/statement.ts";
export type { Store, StoreOptions } from "./store/store.ts";
export { openStore } from "./store/store.ts";
export type { FinalStep, Transaction } from "./store/transaction.ts";
export { parseStoreUrl, type StoreTarget } from "./store/url.ts";
export type { CertificateSource, CertificateWarning, LoadedCertificate } from "./tls/certificate.ts";
export { CertificateError, loadCertificate } from "./tls/certificate.ts";
export type { TlsOptions, TlsPolicy, TlsVersion } from "./tls/policy.ts";
export { checkTlsPolicy, tlsOptions, tlsPolicyShape } from "./tls/policy.ts";
export type { SelfSignedCertificate, SelfSignedOptions } from "./tls/self-signed.ts";
export { selfSignedCertificate } from "./tls/self-signed.ts";
