/** Pinning and verifying the keys of a real sshd, also of one that somebody else answers for. */
import { chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { requirePrograms, runCommand, succeed } from "@espalier/tests/lab";
import { afterAll, beforeEach, expect, it } from "vitest";
import {
  type PinQuestion,
  PinRefusal,
  parseScanTarget,
  pinHosts,
  ScanError,
  scanHost,
  verifyHosts,
} from "../../src/known-hosts/index.ts";
import { folderOf } from "../project.ts";
import { ed25519 as someKey } from "../ssh-keys.ts";
import { type Sshd, sshdPrograms, startSshd } from "./sshd.ts";

const describe = requirePrograms(sshdPrograms);

describe("a host", () => {
  let sshd: Sshd;
  let file: string;
  let name: string;

  beforeEach(async () => {
    await sshd?.[Symbol.asyncDispose]();
    sshd = await startSshd(["ed25519", "ecdsa"]);
    file = join(folderOf({}), "known_hosts");
    name = `[127.0.0.1]:${sshd.port}`;
  });
  afterAll(() => sshd?.[Symbol.asyncDispose]());

  const target = () => parseScanTarget(`127.0.0.1:${sshd.port}`)!;
  const text = (path = file) => readFileSync(path, "utf8");

  /** @param answers what is typed, by the type of the key. */
  async function pin(options: {
    readonly fingerprints?: readonly string[];
    readonly answers?: Readonly<Record<string, string>>;
    readonly isHashed?: boolean;
  }) {
    const asked: PinQuestion[] = [];
    const { fingerprints = [], answers = {}, isHashed = false } = options;
    const ask = async (question: PinQuestion) => {
      asked.push(question);
      return answers[question.key.type];
    };
    const [host] = await pinHosts([target()], { file, isHashed, fingerprints, scan: scanHost, ask });
    const keys = host?.keys ?? [];
    const types = (isPinned: boolean) => keys.filter((key) => key.isPinned === isPinned).map(({ key }) => key.type);
    return { pinned: types(true).sort(), left: types(false).sort(), asked };
  }

  async function differences(): Promise<readonly string[]> {
    const [host] = await verifyHosts(file, [target()], scanHost);
    expect(host?.failure).toBeUndefined();
    return [...(host?.differences ?? [])].sort();
  }

  it("has every key stored whose fingerprint was typed, whole or its beginning, and ssh takes them", async () => {
    const [ed25519, ecdsa] = [await sshd.fingerprint("ed25519"), await sshd.fingerprint("ecdsa")];
    const beginning = ecdsa.slice("SHA256:".length, "SHA256:".length + 8);
    const result = await pin({ answers: { "ssh-ed25519": ed25519, "ecdsa-sha2-nistp256": beginning } });
    expect(result).toMatchObject({ pinned: ["ecdsa-sha2-nistp256", "ssh-ed25519"], left: [] });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(text(`${file}.pins`).trim().split("\n").sort()).toEqual(
      [`${name} ${ed25519} ssh-ed25519`, `${name} ${ecdsa} ecdsa-sha2-nistp256`].sort(),
    );
    // It is known: what is refused is the login, not the host.
    const options = ["-o", `UserKnownHostsFile=${file}`, "-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes"];
    const login = await runCommand("ssh", [...options, "-p", String(sshd.port), "127.0.0.1", "true"]);
    expect(login.stderr).toContain("Permission denied");
    expect(await differences()).toEqual([]);
  });

  it("has no key stored that was typed wrongly, with seven characters, or not at all", async () => {
    const seven = (await sshd.fingerprint("ed25519")).slice(0, "SHA256:".length + 7);
    const result = await pin({ answers: { "ssh-ed25519": seven, "ecdsa-sha2-nistp256": "yes, all of it" } });
    expect(result.pinned).toEqual([]);
    expect((await pin({ answers: {} })).pinned).toEqual([]);
    expect(() => text()).toThrow("ENOENT");
  });

  it("has only the keys stored whose fingerprints were given, and nobody is asked", async () => {
    const result = await pin({ fingerprints: [await sshd.fingerprint("ed25519")] });
    expect(result).toEqual({ pinned: ["ssh-ed25519"], left: ["ecdsa-sha2-nistp256"], asked: [] });
    expect(text()).not.toContain("ecdsa");
    expect(await differences()).toEqual([
      `ecdsa-sha2-nistp256 ${await sshd.fingerprint("ecdsa")} is presented, but not stored`,
    ]);
  });

  it("that does not present a given fingerprint has nothing stored", async () => {
    const [old, ecdsa] = [await sshd.fingerprint("ed25519"), await sshd.fingerprint("ecdsa")];
    await sshd.replaceKeys();
    await expect(pin({ fingerprints: [old] })).rejects.toThrow(PinRefusal);
    await expect(pin({ fingerprints: [await sshd.fingerprint("ed25519"), ecdsa] })).rejects.toThrow(ecdsa);
    expect(() => text()).toThrow("ENOENT");
  });

  it("whose keys somebody has exchanged is told by verify, and by the question of the next pin", async () => {
    const old = { ed25519: await sshd.fingerprint("ed25519"), ecdsa: await sshd.fingerprint("ecdsa") };
    await pin({ fingerprints: Object.values(old) });
    await sshd.replaceKeys();
    const now = { ed25519: await sshd.fingerprint("ed25519"), ecdsa: await sshd.fingerprint("ecdsa") };
    const ecdsaDiffers = `ecdsa-sha2-nistp256 is ${now.ecdsa}, but ${old.ecdsa} is stored`;
    expect(await differences()).toEqual([ecdsaDiffers, `ssh-ed25519 is ${now.ed25519}, but ${old.ed25519} is stored`]);
    const { asked, pinned } = await pin({ answers: { "ssh-ed25519": now.ed25519 } });
    expect(asked.map(({ replaces }) => replaces).sort()).toEqual(Object.values(old).sort());
    expect(pinned).toEqual(["ssh-ed25519"]);
    // The other key stays as it was pinned: nobody has confirmed the new one.
    expect(await differences()).toEqual([ecdsaDiffers]);
  });

  it("that has a type of key more, or less, is told", async () => {
    const ecdsa = await sshd.fingerprint("ecdsa");
    await pin({ fingerprints: [await sshd.fingerprint("ed25519"), ecdsa] });
    await sshd.restartWith(["ed25519", "rsa"]);
    expect(await differences()).toEqual([
      `ecdsa-sha2-nistp256 ${ecdsa} is stored, but not presented any more`,
      `ssh-rsa ${await sshd.fingerprint("rsa")} is presented, but not stored`,
    ]);
  });

  it("whose stored key has no pin, or another one, is told", async () => {
    const [ed25519, ecdsa] = [await sshd.fingerprint("ed25519"), await sshd.fingerprint("ecdsa")];
    await pin({ fingerprints: [ed25519, ecdsa] });
    const other = `SHA256:${"A".repeat(43)}`;
    const pins = text(`${file}.pins`)
      .replace(ed25519, other)
      .replace(/.*ecdsa.*\n/, "");
    writeFileSync(`${file}.pins`, pins);
    expect(await differences()).toEqual([
      `ecdsa-sha2-nistp256 ${ecdsa} is stored, but has no pin`,
      `ssh-ed25519 ${ed25519} is stored, but ${other} is pinned`,
    ]);
  });

  it("of which nothing is stored is no host that was verified", async () => {
    expect(await differences()).toEqual([`nothing is stored for ${name}`]);
  });

  it("is pinned with every other line kept, other names of a line, comments, and the mode of the file", async () => {
    const key = `ssh-ed25519 ${someKey.base64}`;
    const lines = [
      "# kept by hand",
      `other.example.com ${key} a comment`,
      `${name},alias.example.com ${key}`,
      `@revoked ${name} ${key}`,
      `*.example.com ${key}`,
    ];
    writeFileSync(file, lines.join("\n"));
    chmodSync(file, 0o644);
    await pin({ fingerprints: [await sshd.fingerprint("ed25519")] });
    const stored = text().split("\n");
    expect(stored.slice(0, 5)).toEqual([...lines.slice(0, 2), `alias.example.com ${key}`, ...lines.slice(3)]);
    expect(stored[5]).toMatch(/^\[127\.0\.0\.1\]:\d+ ssh-ed25519 \S+$/);
    expect(stored.slice(6)).toEqual([""]);
    expect(statSync(file).mode & 0o777).toBe(0o644);
  });

  it("is stored under a hashed name that ssh-keygen finds, and replaced when it is pinned again", async () => {
    const fingerprints = [await sshd.fingerprint("ed25519"), await sshd.fingerprint("ecdsa")];
    await pin({ fingerprints, isHashed: true });
    expect(text() + text(`${file}.pins`)).not.toContain("127.0.0.1");
    const found = await succeed("ssh-keygen", ["-F", name, "-f", file]);
    expect(found.match(/ found: line /g)).toHaveLength(2);
    expect(await differences()).toEqual([]);
    await pin({ fingerprints });
    expect(text().trim().split("\n")).toHaveLength(2);
    expect(text(`${file}.pins`).trim().split("\n")).toHaveLength(2);
  });

  it("that cannot be scanned is a failure: neither a difference nor all right", async () => {
    await pin({ fingerprints: [await sshd.fingerprint("ed25519")] });
    const before = text();
    await sshd.stop();
    const [host] = await verifyHosts(file, [target()], scanHost);
    expect(host).toMatchObject({ failure: expect.stringContaining("presents no key"), differences: [], verified: [] });
    await expect(pin({})).rejects.toThrow(ScanError);
    expect(text()).toBe(before);
  });
});
