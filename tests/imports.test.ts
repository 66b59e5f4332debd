import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

/** Lints one line as if it stood in a package; the file has to lie there for the linter to find the package.json. */
function lint(packageName: string, line: string): string {
  const directory = mkdtempSync(join("packages", packageName, "src", "canary-"));
  try {
    const file = join(directory, "canary.ts");
    writeFileSync(file, `${line}\n`);
    const { stdout, stderr } = spawnSync("node_modules/.bin/biome", ["lint", "--only=noUndeclaredDependencies", file], {
      encoding: "utf8",
    });
    return stdout + stderr;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describe("an import that is not one of the architecture's arrows fails the check", () => {
  it.each([
    ["ldap", "@espalier/service"],
    ["ldap", "pino"],
    ["service", "@espalier/gateway"],
    ["gateway", "espalier/configuration"],
  ])("%s may not import %s", (packageName, imported) => {
    expect(lint(packageName, `import "${imported}";`)).toContain("noUndeclaredDependencies");
  });

  it.each([
    ["gateway", "@espalier/service"],
    ["espalier", "@espalier/gateway"],
  ])("%s may import %s", (packageName, imported) => {
    expect(lint(packageName, `import "${imported}";`)).not.toContain("noUndeclaredDependencies");
  });
});
