/** Real servers and real clients for tests and measurements, all on loopback. */
export { type Alertmanager, startAlertmanager } from "./alertmanager.ts";
export { type CertificateAuthority, createCertificateAuthority, type ServerCertificate } from "./certificates.ts";
export { ChildServer, type ChildServerOptions, type ExitStatus } from "./child-server.ts";
export { type Found, type FoundEntry, type LdapsearchOptions, ldapsearch } from "./clients.ts";
export { type CommandOptions, type CommandResult, runCommand, succeed } from "./command.ts";
export { counterHistory, type PastCounter, type PastFigure } from "./counter-history.ts";
export { type Directory389, type Directory389Options, linkDirectories389, startDirectory389 } from "./directory-389.ts";
export { espalierCommand, runEspalier, ServiceReports } from "./espalier.ts";
export { type Fault, type FaultName, faultNames, faults, type LosableServer } from "./fault.ts";
export { type Gateway, type GatewayOptions, startGateway } from "./gateway.ts";
export { type Haproxy, type HaproxyOptions, startHaproxy } from "./haproxy.ts";
export { type LosableMirror, type LosableNode, startLosableMirror } from "./losable-mirror.ts";
export { type MailServer, type MailServerOptions, type ReceivedMail, startMailServer } from "./mail-server.ts";
export {
  type Answered,
  type Asking,
  type Manager,
  ManagerClient,
  type ManagerOptions,
  startManager,
} from "./manager.ts";
export { type Mariadb, startMariadb } from "./mariadb.ts";
export {
  type Population,
  type PopulationGroup,
  type PopulationOptions,
  type PopulationUser,
  person,
  randomPopulation,
  ssha,
  uniformPopulation,
} from "./population.ts";
export { fillPostgres, fillSqlite, type SqlEnvironment } from "./population-database.ts";
export { formatEntries, type LdifAttribute, type LdifEntry, populationEntries } from "./population-ldif.ts";
export {
  type DocumentQueries,
  documentQueries,
  documentTables,
  populationInserts,
  type SqlDialect,
} from "./population-sql.ts";
export { freePort } from "./ports.ts";
export { type Postgres, startPostgres } from "./postgres.ts";
export { childEnvironment, findProgram, programPath, type Requirements, requirePrograms } from "./programs.ts";
export {
  type EvaluatedRule,
  type Prometheus,
  type PrometheusOptions,
  type Sample,
  type ScrapeTarget,
  startPrometheus,
} from "./prometheus.ts";
export { type ProxyEvent, type ProxyOptions, type ProxyServer, startProxy } from "./proxy.ts";
export { Random } from "./random.ts";
export { Relay } from "./relay.ts";
export { type Samba, sambaPrograms, startSamba } from "./samba.ts";
export { searchRequests } from "./search-requests.ts";
export { type Slapd, type SlapdOptions, startSlapd } from "./slapd.ts";
export { type SlapdMirror, type SlapdMirrorOptions, startSlapdMirror } from "./slapd-mirror.ts";
export { startSloPrometheus } from "./slo-prometheus.ts";
export { type LoginOutcome, type Sssd, type SssdOptions, sssdPrograms, sssdTurnTimeoutMs, startSssd } from "./sssd.ts";
export {
  dumpTables,
  forEachDatabase,
  onPostgres,
  postgresDatabases,
  type StoreDatabases,
  sqliteDatabases,
} from "./store-databases.ts";
export { type Stunnel, type StunnelOptions, startStunnel } from "./stunnel.ts";
export { type TemporaryDirectory, temporaryDirectory } from "./temporary-directory.ts";
export { type UntilOptions, until } from "./until.ts";
export { type Answer, type SearchAnswer, Wire } from "./wire.ts";
