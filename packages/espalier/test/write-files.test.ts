import { statSync } from "node:fs";
import { expect, it, onTestFinished } from "vitest";
import { temporaryDirectory } from "../../../tests/lab/temporary-directory.ts";
import { writeFiles } from "../src/init/write-files.ts";

it("makes folders that the user of the service can enter, and one for the secrets that nobody else can", async () => {
  await using directory = await temporaryDirectory("init");
  const before = process.umask(0o022);
  onTestFinished(() => void process.umask(before));
  const secrets = new Map([["SQL_URI", "postgres://reader:secret@db/users"]]);
  await writeFiles({ output: directory.file("etc/espalier/espalier.yaml"), text: "{}\n", secrets, isForced: false });
  const names = ["etc", "etc/espalier", "etc/espalier/credentials", "etc/espalier/credentials/sql_uri"];
  const modes = names.map((name) => (statSync(directory.file(name)).mode & 0o777).toString(8));
  expect(modes).toEqual(["755", "755", "700", "600"]);
});
