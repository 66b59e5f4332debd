/** `espalier config test`: opens what the configuration names, and says what it found. */
import { testGateway } from "@espalier/gateway";
import { testManager } from "@espalier/manager";
import { testNotify } from "@espalier/notify";
import { testProxy } from "@espalier/proxy";
import type { Configuration } from "../configuration.ts";
import { exitCode } from "../exit-code.ts";

/** Exit code 0 when every service would serve, 1 when something is wrong that a start would meet. */
export async function configTest(
  { gateway, proxy, notify, manager, clusters, warnings }: Configuration,
  out: { write(text: string): unknown },
): Promise<number> {
  for (const warning of warnings) out.write(`warning  ${warning}\n`);
  let isFailed = false;
  const services = [
    { name: "gateway", test: gateway && (() => testGateway(gateway)) },
    { name: "proxy", test: proxy && (() => testProxy(proxy)) },
    { name: "notification service", test: notify && (() => testNotify(notify)) },
    { name: "manager", test: manager && clusters && (() => testManager(manager, clusters)) },
  ];
  for (const { name, test } of services) {
    if (test === undefined) continue;
    const findings = await test();
    for (const { status, text } of findings) out.write(`${status.padEnd(7)}  ${text}\n`);
    const would = findings.some(({ status }) => status === "error") ? "would not serve as configured" : undefined;
    isFailed ||= would !== undefined;
    out.write(`\nThe ${name} ${would ?? "can serve with this configuration"}.\n`);
  }
  return isFailed ? exitCode.findings : exitCode.ok;
}
