import { expect, it } from "vitest";
import { hashedName } from "../../../src/inputs/known-hosts.ts";
import { ssh002 } from "../../../src/rules/ssh/ssh002-pins.ts";
import { findingsOf, linesOf } from "../../project.ts";
import { ed25519, rsaOf } from "../../ssh-keys.ts";

const other = `SHA256:${"A".repeat(43)}`;
const hashed = hashedName("ldap3.lab", Buffer.alloc(20, 7));
const files = {
  "ssh/known_hosts": `# hosts
ldap1.lab ssh-ed25519 ${ed25519.base64}
[ldap2.lab]:2222 ssh-ed25519 ${ed25519.base64}
${hashed} ssh-ed25519 ${ed25519.base64}
ldap4.lab ssh-rsa ${rsaOf(3072)}
@revoked old.lab ssh-ed25519 ${ed25519.base64}
`,
  "ssh/known_hosts.pins": `ldap1.lab ${ed25519.fingerprint} ssh-ed25519
[ldap2.lab]:2222 ${other} ssh-ed25519
ldap3.lab ${ed25519.fingerprint} ssh-ed25519
ldap4.lab ${other} ssh-ed25519
`,
};

it("finds a key that is not the pinned one, and one without a pin", () => {
  const findings = findingsOf(ssh002, files);
  const rsa = `ldap4.lab ssh-rsa`;
  expect(linesOf(findings)).toEqual([
    `critical ssh/known_hosts:3:1 [ldap2.lab]:2222 ssh-ed25519: the ssh-ed25519 key of [ldap2.lab]:2222 is ${ed25519.fingerprint}, and its pin is ${other}`,
    `critical ssh/known_hosts:5:1 ${rsa}: the ssh-rsa key of ldap4.lab has no pin`,
  ]);
  expect(findings.map(({ subject, fix, edits }) => [subject, fix, edits])).toEqual([
    [
      "ssh/known_hosts",
      "Do not connect. Ask whoever keeps the host whether it has new keys; only if it has, and with the fingerprint from its console:\nespalier known-hosts pin ldap2.lab:2222 --file ssh/known_hosts",
      [],
    ],
    [
      "ssh/known_hosts",
      "Compare it with what the host itself shows (on its console: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), and pin it:\nespalier known-hosts pin ldap4.lab --file ssh/known_hosts",
      [],
    ],
  ]);
});

it("leaves keys without a pin alone where things are tried out, and never one that is another", () => {
  const found = findingsOf(ssh002, files, { profile: "lab" }).map(({ message }) => message);
  expect(found).toEqual([`the ssh-ed25519 key of [ldap2.lab]:2222 is ${ed25519.fingerprint}, and its pin is ${other}`]);
});

it("has nothing against keys that are pinned, by name or by hash", () => {
  const pinned = {
    known_hosts: `ldap1.lab,10.0.0.1 ssh-ed25519 ${ed25519.base64}\nldap3.lab ssh-ed25519 ${ed25519.base64}\n`,
    "known_hosts.pins": `ldap1.lab ${ed25519.fingerprint} ssh-ed25519\n${hashed} ${ed25519.fingerprint} ssh-ed25519\n`,
  };
  expect(findingsOf(ssh002, pinned)).toEqual([]);
});
