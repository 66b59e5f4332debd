/** `espalier slo generate`, as it is run for deploy/. */
import { readFileSync, rmSync } from "node:fs";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { espalier } from "./command.ts";

const shipped = new URL("../../../deploy/slo/espalier.yaml", import.meta.url).pathname;

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "espalier-slo-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

it("writes the same rules to a file and to standard output", async () => {
  const path = await folder();
  const printed = espalier(["slo", "generate", shipped], {}, path);
  expect(printed).toMatchObject({ exitCode: 0, stderr: "" });
  expect(printed.stdout).toMatch(/^groups:/m);
  const output = join(path, "rules.yml");
  expect(espalier(["slo", "generate", shipped, "-o", output], {}, path)).toEqual({
    exitCode: 0,
    stdout: "",
    stderr: "",
  });
  expect(readFileSync(output, "utf8")).toBe(printed.stdout);
});

it("a definition that cannot be used is told by its place, and one that is not there is unreadable", async () => {
  const path = await folder();
  await writeFile(join(path, "slo.yaml"), "slos:\n  - name: x\n    objective: 200\n");
  const wrong = espalier(["slo", "generate", "slo.yaml"], {}, path);
  expect([wrong.exitCode, wrong.stdout]).toEqual([2, ""]);
  expect(wrong.stderr).toMatch(/^slo\.yaml/);
  const missing = espalier(["slo", "generate", "nowhere.yaml"], {}, path);
  expect(missing).toEqual({
    exitCode: 3,
    stdout: "",
    stderr: "The definitions nowhere.yaml cannot be read (ENOENT).\n",
  });
});
