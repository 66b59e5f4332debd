/** What a start would meet: opens the certificate and the database, runs the queries, and says what each found. */
import { certificateToMake, gatewayCertificate } from "./certificate.ts";
import { baseOf, type GatewayConfig, listenersOf, sourceOptionsOf } from "./config.ts";
import { openSource, type QueryReport, type SourceReport } from "./source/source.ts";

/** One line for the administrator. `error` is what keeps the gateway from serving as configured. */
export interface TestFinding {
  readonly status: "ok" | "warning" | "error";
  readonly text: string;
}

export async function testGateway(config: GatewayConfig): Promise<readonly TestFinding[]> {
  const listeners = listenersOf(config).map(({ scheme, host, port }) => `${scheme}://${host}:${port}`);
  return [
    { status: "ok", text: `Serves ${baseOf(config)} on ${listeners.join(", ")}.` },
    ...(await testCertificate(config)),
    ...(await testDatabase(config)),
  ];
}

async function testCertificate(config: GatewayConfig): Promise<TestFinding[]> {
  const directory = certificateToMake(config);
  // Made by a test, it could belong to another user than the one the gateway runs as.
  if (directory !== undefined) {
    const text = `Certificate: the first start makes a self-signed one in ${directory}, which clients can verify only if they are given it.`;
    return [{ status: "warning", text }];
  }
  const warnings: TestFinding[] = [];
  const log = { warn: (text: string) => void warnings.push({ status: "warning", text }) };
  try {
    const certificate = await gatewayCertificate(config, log);
    if (!certificate)
      return [{ status: "warning", text: "No certificate: passwords cross the network in clear text." }];
    const { subject, notAfter, daysLeft } = certificate.loaded;
    return [
      {
        status: "ok",
        text: `Certificate of ${subject}, valid until ${notAfter.toISOString().slice(0, 10)} (${daysLeft} days).`,
      },
      ...warnings,
    ];
  } catch (error) {
    return [{ status: "error", text: `Certificate: ${messageOf(error)}` }];
  }
}

async function testDatabase(config: GatewayConfig): Promise<TestFinding[]> {
  let report: SourceReport;
  try {
    const source = openSource(sourceOptionsOf(config));
    try {
      report = await source.check();
    } finally {
      await source.close();
    }
  } catch (error) {
    return [{ status: "error", text: `Database: ${messageOf(error)}` }];
  }
  const { membership } = report;
  return [
    { status: "ok", text: `Database: ${report.server}.` },
    ...report.queries.flatMap(queryFindings),
    {
      status: membership.problem === undefined ? "ok" : "error",
      text: `Memberships: ${membership.problem ?? `${membership.memberships} in ${Math.round(membership.durationMs)} ms. ${membership.reason}`}`,
    },
  ];
}

function queryFindings(report: QueryReport): TestFinding[] {
  const { query, rows, durationMs, missingColumns, skipped, skippedRows, problem } = report;
  const findings: TestFinding[] = [
    problem === undefined
      ? { status: "ok", text: `${query}: ${rows} ${rows === 1 ? "row" : "rows"} in ${Math.round(durationMs)} ms.` }
      : { status: "error", text: `${query}: ${problem}` },
  ];
  if (missingColumns.length > 0) {
    findings.push({
      status: "error",
      text: `${query}: the result has no column ${missingColumns.join(", ")}; name it with AS.`,
    });
  }
  if (skipped > 0) {
    findings.push({ status: "warning", text: `${query}: ${skipped} of the rows cannot be served:` });
    for (const { row, reason } of skippedRows) findings.push({ status: "warning", text: `  row ${row}: ${reason}` });
    if (skipped > skippedRows.length)
      findings.push({ status: "warning", text: `  and ${skipped - skippedRows.length} more` });
  }
  return findings;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
