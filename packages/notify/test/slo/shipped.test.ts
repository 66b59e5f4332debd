/** The rules in `deploy/` are those that its definitions give. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { requirePrograms, succeed } from "../../../../tests/lab/index.ts";
import { parseSloDefinitions } from "../../src/slo/definition.ts";
import { formatSloRules } from "../../src/slo/rules.ts";

const definitions = "deploy/slo/espalier.yaml";
const rules = "deploy/prometheus/slo-rules.yml";

/** Run with `-u` to write them anew. */
it(`${rules} is what espalier slo generate writes`, async () => {
  const objectives = parseSloDefinitions(readFileSync(definitions, "utf8"), definitions);
  await expect(formatSloRules(objectives, definitions)).toMatchFileSnapshot(`../../../../${rules}`);
});

requirePrograms({ promtool: "prometheus" })("the rules in deploy/", () => {
  it("are such as Prometheus takes", async () => {
    expect(await succeed("promtool", ["check", "rules", rules])).toContain("SUCCESS");
  });
});
