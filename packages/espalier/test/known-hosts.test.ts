/** `espalier known-hosts` as an administrator uses it, with a real sshd. */
import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  type CommandResult,
  espalierCommand,
  requirePrograms,
  runCommand,
  type TemporaryDirectory,
  temporaryDirectory,
} from "../../../tests/lab/index.ts";
import { type Sshd, sshdPrograms, startSshd } from "../../check/test/known-hosts/sshd.ts";

const describe = requirePrograms(sshdPrograms);

// Each look is a process of its own.
describe("known-hosts", { timeout: 120_000 }, () => {
  let directory: TemporaryDirectory;
  let sshd: Sshd;
  let host: string;
  let name: string;

  beforeAll(async () => {
    directory = await temporaryDirectory("known-hosts");
    sshd = await startSshd(["ed25519", "rsa"]);
    host = `127.0.0.1:${sshd.port}`;
    name = `[127.0.0.1]:${sshd.port}`;
  });
  afterAll(async () => {
    await sshd[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  });

  function espalier(parameters: readonly string[], input = ""): Promise<CommandResult> {
    const environment = { HOME: directory.path };
    const options = { environment, input, workingDirectory: directory.path };
    return runCommand(process.execPath, [espalierCommand, "known-hosts", ...parameters], options);
  }

  const stored = () => readFileSync(directory.file(".ssh/known_hosts"), "utf8");

  it("stores nothing for somebody who types yes, or nothing at all", async () => {
    for (const input of ["yes\nyes\n", "", "\n\n"]) {
      const { exitCode, stdout, stderr } = await espalier(["pin", host], input);
      expect({ exitCode, stdout: stdout.replaceAll(/SHA256:\S+/g, "SHA256:…") }).toEqual({
        exitCode: 2,
        stdout: `${name} ssh-ed25519 SHA256:… not stored\n${name} ssh-rsa SHA256:… not stored\n`,
      });
      expect(stderr).toContain(await sshd.fingerprint("ed25519"));
      expect(stderr).toContain("A host of which no key was confirmed is not stored.\n");
    }
    expect(() => stored()).toThrow("ENOENT");
  });

  it("stores the keys whose fingerprints are typed, and says of each what became of it", async () => {
    const fingerprint = await sshd.fingerprint("ed25519");
    const { exitCode, stdout } = await espalier(["pin", host], `${fingerprint}\n\n`);
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: `${name} ssh-ed25519 ${fingerprint} stored and pinned\n${name} ssh-rsa ${await sshd.fingerprint("rsa")} not stored\n`,
    });
    expect(stored()).toMatch(/^\[127\.0\.0\.1\]:\d+ ssh-ed25519 \S+\n$/);
  });

  it("verifies all hosts that are stored, and ends with what that came to", async () => {
    const rsa = await sshd.fingerprint("rsa");
    expect(await espalier(["verify"])).toMatchObject({
      exitCode: 1,
      stdout: `${name}: ssh-rsa ${rsa} is presented, but not stored\n`,
      stderr: expect.stringContaining("Do not connect"),
    });
    await espalier(["pin", host, "--fingerprint", rsa]);
    const asStored = { exitCode: 0, stdout: `${name}: as stored and pinned (ssh-ed25519, ssh-rsa)\n`, stderr: "" };
    expect(await espalier(["verify"])).toEqual(asStored);
    await sshd.stop();
    expect(await espalier(["verify", host])).toMatchObject({
      exitCode: 3,
      stdout: `${name}: not verified: ${name} presents no key: it cannot be reached, or is no SSH server\n`,
    });
    expect(await espalier(["pin", host])).toMatchObject({ exitCode: 3, stdout: "" });
    await sshd.restartWith(["ed25519", "rsa"]);
  });

  it("refuses a fingerprint that the host does not present, and stores nothing of it", async () => {
    const before = stored();
    const other = `SHA256:${"A".repeat(43)}`;
    expect(await espalier(["pin", host, "--fingerprint", other])).toEqual({
      exitCode: 2,
      stdout: "",
      stderr: `${other} is presented by none of ${name}: either it is the wrong fingerprint, or somebody else answers there. Nothing is stored.\n`,
    });
    expect(stored()).toBe(before);
  });

  it("refuses what is no host or no fingerprint, and reads no file that is something else", async () => {
    expect(await espalier(["pin", "--", "-oProxyCommand=true"])).toMatchObject({
      exitCode: 2,
      stderr: '"-oProxyCommand=true" is no host: write HOST, HOST:PORT or [ADDRESS]:PORT.\n',
    });
    expect(await espalier(["pin", host, "--fingerprint", "aa:bb"])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("write SHA256: and 43 characters"),
    });
    writeFileSync(directory.file("notes"), "# keys\nsomething else\n");
    expect(await espalier(["verify", host, "--file", directory.file("notes")])).toMatchObject({
      exitCode: 3,
      stderr: expect.stringContaining("notes:2: this line has no host, key type and key"),
    });
    expect(await espalier(["verify", "--file", directory.file("none")])).toMatchObject({ exitCode: 2, stdout: "" });
  });
});
