/** known_hosts, its pins, authorized_keys, public keys and configurations of SSH. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { hashedName, isNameOf, parseKnownHosts } from "../../src/inputs/known-hosts.ts";
import { formatPin, parseKnownHostsPins } from "../../src/inputs/known-hosts-pins.ts";
import { InputError, SourceFile } from "../../src/inputs/source-file.ts";
import { parseSshPublicKey } from "../../src/inputs/ssh-public-key.ts";
import { parseScanTarget } from "../../src/known-hosts/target.ts";
import { projectOf } from "../project.ts";
import { ed25519, rsaOf } from "../ssh-keys.ts";

const source = (text: string) => new SourceFile({ path: "known_hosts", absolutePath: "/known_hosts", text });

it("reads type, length and fingerprint out of a key, as ssh-keygen -l shows them", () => {
  const { base64, fingerprint } = ed25519;
  const key = { type: "ssh-ed25519", bits: undefined, fingerprint, base64 };
  expect(parseSshPublicKey("ssh-ed25519", base64)).toEqual(key);
  expect(parseSshPublicKey("ssh-rsa", rsaOf(2048))?.bits).toBe(2048);
  expect(parseSshPublicKey("ssh-rsa", base64)).toBeUndefined();
  expect(parseSshPublicKey("ssh-ed25519", `${base64.slice(0, -4)}AAA=`)).toBeUndefined();
});

it("reads known_hosts: several names, hashes, markers, comments", () => {
  const key = `ssh-ed25519 ${ed25519.base64}`;
  const hosts = parseKnownHosts(source(`# a comment\n\na.lab,10.0.0.1 ${key} made by hand\n@revoked * ${key}\n`));
  expect(hosts.map(({ names, marker, location }) => [names, marker, location.line])).toEqual([
    [["a.lab", "10.0.0.1"], undefined, 3],
    [["*"], "revoked", 4],
  ]);
  expect(() => parseKnownHosts(source("a.lab ssh-ed25519 AAAA"))).toThrow(InputError);
  expect(() => parseKnownHosts(source(`@other a ${key}`))).toThrow("begins with @cert-authority");
});

it("knows a hashed name again, and no other", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 20, maxLength: 20 }), fc.domain(), fc.domain(), (salt, name, other) => {
      const hashed = hashedName(name, Buffer.from(salt));
      expect(isNameOf(hashed, name)).toBe(true);
      expect(isNameOf(hashed, other)).toBe(name === other);
    }),
  );
});

it("reads the pins that it writes", () => {
  const name = fc.stringMatching(/^[a-z0-9.[\]:|+/=]{1,20}$/);
  const pin = fc.record({
    names: fc.array(name, { minLength: 1, maxLength: 3 }),
    fingerprint: fc.stringMatching(/^SHA256:[A-Za-z0-9+/]{43}$/),
    type: fc.constantFrom("ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256"),
  });
  fc.assert(
    fc.property(fc.array(pin), (pins) => {
      const read = parseKnownHostsPins(source(pins.map((one) => `${formatPin(one)}\n`).join("")));
      expect(read.map(({ location: _, ...one }) => one)).toEqual(pins);
    }),
  );
});

it("reads any text of these files, or says where it is wrong", () => {
  const word = fc.oneof(
    fc.constantFrom("ssh-ed25519", ed25519.base64, "@revoked", "host", "SHA256:x", '"', "=", "Match", "#"),
    fc.string(),
  );
  const line = fc.array(word).map((words) => words.join(" ").replaceAll("\0", ""));
  fc.assert(
    fc.property(fc.array(line, { maxLength: 6 }), (lines) => {
      const names = ["known_hosts", "known_hosts.pins", "authorized_keys", "sshd_config", ".ssh/config"];
      const project = projectOf(Object.fromEntries(names.map((name) => [name, lines.join("\n")])));
      for (const { location } of project.unreadable) expect(location?.line).toBeGreaterThan(0);
    }),
    { numRuns: 100 },
  );
});

it("reads configurations: keywords without case, =, quotes, comments, and the block a line is in", () => {
  const project = projectOf({
    "etc/ssh/sshd_config": `PermitRootLogin=no
Banner "/etc/my issue" # shown
Match User git
  passwordauthentication YES
Match all
UsePAM yes
`,
    "home/.ssh/config": "Host *.lab\n  StrictHostKeyChecking no\n",
  });
  expect(project.unreadable).toEqual([]);
  const [server, client] = project.of("sshConfig");
  expect(server?.directives.map(({ keyword, parameters, block }) => [keyword, parameters, block])).toEqual([
    ["permitrootlogin", ["no"], undefined],
    ["banner", ["/etc/my issue"], undefined],
    ["passwordauthentication", ["YES"], "Match User git"],
    ["usepam", ["yes"], undefined],
  ]);
  expect([client?.side, client?.directives[0]?.block]).toEqual(["client", "Host *.lab"]);
});

it("reads keys after options with quotes in them", () => {
  const project = projectOf({
    authorized_keys: `restrict,command="run \\"a b\\"" ssh-ed25519 ${ed25519.base64} ann@lab\nssh-rsa ${rsaOf(1024)}\n`,
    "id.pub": `ssh-ed25519 ${ed25519.base64} me\n`,
    "other.pub": "no key at all\n",
  });
  expect(project.unreadable).toEqual([]);
  const keys = project.of("sshKeys").map((file) => file.keys.map(({ key, comment }) => [key.type, key.bits, comment]));
  expect(keys).toEqual([
    [
      ["ssh-ed25519", undefined, "ann@lab"],
      ["ssh-rsa", 1024, ""],
    ],
    [["ssh-ed25519", undefined, "me"]],
  ]);
});

it.each([
  ["ldap1.example.com", { host: "ldap1.example.com", port: 22, name: "ldap1.example.com" }],
  ["LDAP1:2222", { host: "LDAP1", port: 2222, name: "[ldap1]:2222" }],
  ["[2001:db8::1]:22", { host: "2001:db8::1", port: 22, name: "2001:db8::1" }],
  ["[fe80::1%eth0]:2222", { host: "fe80::1%eth0", port: 2222, name: "[fe80::1%eth0]:2222" }],
  ["2001:db8::1", { host: "2001:db8::1", port: 22, name: "2001:db8::1" }],
  ["-oProxyCommand=x", undefined],
  ["[-x]:22", undefined],
  ["a,b", undefined],
  ["10.0.0.0/8", undefined],
  ["host:0", undefined],
  ["host:70000", undefined],
  ["a b", undefined],
])("takes %s for the host that it is, or for none", (text, target) => {
  expect(parseScanTarget(text)).toEqual(target);
});
