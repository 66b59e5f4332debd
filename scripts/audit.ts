/**
 * `npm run audit`: fails where an advisory of severity high or critical is known against a package that runs in production. Where
 * the registry does not answer, it says so and does not fail: what can be held without it, tests/audit.test.ts holds.
 */
import { join } from "node:path";
import { audit } from "./audit/advisories.ts";

const found = await audit(join(import.meta.dirname, ".."), "packages/espalier");
if ("unanswered" in found) {
  console.log(`Not asked for advisories: ${found.unanswered}`);
} else {
  for (const { severity, package: name, version, title, url } of found.advisories) {
    console.log(`${severity}: ${name} ${version}: ${title} (${url})`);
  }
  const grave = found.advisories.filter(({ severity }) => severity === "high" || severity === "critical");
  console.log(
    `${found.advisories.length} advisories against packages of production, ${grave.length} of them high or critical`,
  );
  process.exitCode = grave.length === 0 ? 0 : 1;
}
