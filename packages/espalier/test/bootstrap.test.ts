/** `espalier bootstrap`, as an administrator runs it. */
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { espalier } from "./command.ts";

function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "espalier-bootstrap-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

const plan = `directory:
  base: dc=example,dc=com
  scheme: SSHA
  administrator:
    password: { env: ADMIN_PASSWORD }
  users:
    - { uid: ann, surname: Ant, password: { file: ann } }
`;
const files = { "plan.yaml": plan, ann: "ann-secret\n" };
const environment = { ADMIN_PASSWORD: "admin-secret" };
const parameters = ["bootstrap", "plan.yaml", "-o", "bootstrap.ldif"];

it("writes a file for its owner alone, and leaves it as it is the second time", () => {
  const folder = folderOf(files);
  expect(espalier(parameters, environment, folder)).toEqual({
    exitCode: 0,
    stdout: "",
    stderr: "bootstrap.ldif written: 0 of 2 hashes kept, 2 made.\n",
  });
  const path = join(folder, "bootstrap.ldif");
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const text = readFileSync(path, "utf8");
  utimesSync(path, 1000, 1000);
  expect(espalier(parameters, environment, folder)).toEqual({
    exitCode: 0,
    stdout: "",
    stderr: "bootstrap.ldif is as it was: 2 of 2 hashes kept, 0 made.\n",
  });
  expect([readFileSync(path, "utf8"), statSync(path).mtimeMs]).toEqual([text, 1_000_000]);
  expect(readdirSync(folder).sort()).toEqual(["ann", "bootstrap.ldif", "plan.yaml"]);
});

it("refuses to change a deployed hash with exit code 2, says how a password is changed, and does it with --force", () => {
  const folder = folderOf(files);
  espalier(parameters, environment, folder);
  const text = readFileSync(join(folder, "bootstrap.ldif"), "utf8");
  const changed = { ADMIN_PASSWORD: "another-secret" };
  const refused = espalier(parameters, changed, folder);
  expect(refused).toEqual({
    exitCode: 2,
    stdout: "",
    stderr: `cn=admin,dc=example,dc=com has another password in the file than in the plan

Nothing was written: this would change what is deployed (LDP002). A bootstrap file is loaded into a new directory only, so
a password is changed in the directory:
    ldappasswd -H ldaps://SERVER -x -D ADMIN_DN -y ADMIN_PASSWORD_FILE -T NEW_PASSWORD_FILE "cn=admin,dc=example,dc=com"
or in the manager. Then take over what the directory has:
    espalier bootstrap plan.yaml -o bootstrap.ldif --against ldaps://SERVER --bind-dn ADMIN_DN --bind-password-file ADMIN_PASSWORD_FILE
For a directory that is not there yet, --force writes what the plan says.
`,
  });
  expect(refused.stderr).not.toMatch(/\brm\b|volume|delete/i);
  expect(readFileSync(join(folder, "bootstrap.ldif"), "utf8")).toBe(text);
  expect(espalier([...parameters, "--force"], changed, folder)).toEqual({
    exitCode: 0,
    stdout: "",
    stderr: "bootstrap.ldif written: 1 of 2 hashes kept, 1 made.\n",
  });
});

it("prints the LDIF where no file is named", () => {
  const folder = folderOf(files);
  const { exitCode, stdout, stderr } = espalier(["bootstrap", "plan.yaml"], environment, folder);
  expect([exitCode, stderr]).toEqual([0, "0 of 2 hashes kept, 2 made.\n"]);
  expect(stdout).toMatch(/^# Made by espalier bootstrap.*\ndn: dc=example,dc=com\n/);
});

it("tells what is wrong with a plan, never repeats a password in it, and writes nothing", () => {
  const folder = folderOf({ ...files, "plan.yaml": plan.replace("{ env: ADMIN_PASSWORD }", "hunter2") });
  const { exitCode, stdout, stderr } = espalier(parameters, environment, folder);
  expect([exitCode, stdout]).toEqual([2, ""]);
  expect(stderr).toContain("plan.yaml:5:15: directory.administrator.password: must say where the password is");
  expect(stderr).not.toContain("hunter2");
  expect(existsSync(join(folder, "bootstrap.ldif"))).toBe(false);
});

it("tells which password is missing, which options go together, and which directory does not answer", () => {
  const folder = folderOf(files);
  const run = (more: readonly string[], variables: Readonly<Record<string, string>> = environment) => {
    const { exitCode, stderr } = espalier([...parameters, ...more], variables, folder);
    return [exitCode, stderr];
  };
  expect(run([], {})).toEqual([
    2,
    "the variable ADMIN_PASSWORD, which has the password of cn=admin,dc=example,dc=com, is not set. Nothing was written.\n",
  ]);
  expect(run(["--bind-dn", "cn=admin"])).toEqual([
    2,
    "--bind-dn and --bind-password-file go together, and with --against.\n",
  ]);
  const [exitCode, stderr] = run(["--against", "ldap://127.0.0.1:1"]);
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(/^ldap:\/\/127\.0\.0\.1:1 cannot be asked: .*\. Nothing was written\.\n$/);
});
