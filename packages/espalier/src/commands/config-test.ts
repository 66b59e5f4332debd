/** `espalier config test`: opens what the configuration names, and says what it found. */
import { testGateway } from "@espalier/gateway";
import type { GatewayConfiguration } from "../configuration.ts";
import { exitCode } from "../exit-code.ts";

/** Exit code 0 when the gateway would serve, 1 when something is wrong that a start would meet. */
export async function configTest(
  { gateway, warnings }: GatewayConfiguration,
  out: { write(text: string): unknown },
): Promise<number> {
  for (const warning of warnings) out.write(`warning  ${warning}\n`);
  const findings = await testGateway(gateway);
  for (const { status, text } of findings) out.write(`${status.padEnd(7)}  ${text}\n`);
  const failed = findings.some(({ status }) => status === "error");
  out.write(
    failed ? "\nThe gateway would not serve as configured.\n" : "\nThe gateway can serve with this configuration.\n",
  );
  return failed ? exitCode.findings : exitCode.ok;
}
