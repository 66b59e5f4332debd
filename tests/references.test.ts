import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { rules, rulesReference } from "@espalier/check";
import { configurationReference } from "@espalier/service";
import { sections } from "espalier/configuration";
import { allMetricsReference, commandReference } from "espalier/reference";
import { describe, expect, it } from "vitest";

/** Run with `-u` to write the pages anew. */
describe("the reference pages say what the program does", () => {
  it("docs/reference/configuration.md has every key and variable", async () => {
    await expect(page("Configuration", configurationReference(sections))).toMatchFileSnapshot(
      "../docs/reference/configuration.md",
    );
  });

  it("docs/reference/metrics.md has every metric", async () => {
    await expect(page("Metrics", allMetricsReference())).toMatchFileSnapshot("../docs/reference/metrics.md");
  });

  it("docs/reference/commands.md has every command's help", async () => {
    await expect(page("Commands", commandReference())).toMatchFileSnapshot("../docs/reference/commands.md");
  });

  it("docs/reference/rules.md has every rule of the checks", async () => {
    await expect(page("Rules", rulesReference(rules))).toMatchFileSnapshot("../docs/reference/rules.md");
  });

  it("docs/reference/errors.md has every error code that the sources name, and no other", () => {
    const named = new Set(
      sources().flatMap((text) =>
        [...text.matchAll(/"(ERR_(?!TLS_CERT_|OSSL|STREAM_)[A-Z_]+)"/g)].map(([, code]) => code!),
      ),
    );
    const documented = new Set(
      [...readFileSync("docs/reference/errors.md", "utf8").matchAll(/^\| `(ERR_[A-Z_]+)`/gm)].map(([, code]) => code!),
    );
    expect([...documented].sort()).toEqual([...named].sort());
  });
});

function page(title: string, content: string): string {
  return `# ${title}\n\nWritten by \`tests/references.test.ts\` from the program itself.\n\n${content.trim()}\n`;
}

/** The text of every source file of the packages; ERR_TLS_CERT_…, ERR_OSSL and ERR_STREAM_… in them are Node's. */
function sources(): string[] {
  return readdirSync("packages", { withFileTypes: true })
    .flatMap((directory) =>
      readdirSync(join("packages", directory.name, "src"), { recursive: true, withFileTypes: true }),
    )
    .filter((file) => file.isFile() && file.name.endsWith(".ts"))
    .map((file) => readFileSync(join(file.parentPath, file.name), "utf8"));
}
