import { expect, it } from "vitest";
import { ssh003 } from "../../../src/rules/ssh/ssh003-weak-ssh.ts";
import { findingsOf, linesOf } from "../../project.ts";
import { dsa, ed25519, rsaOf } from "../../ssh-keys.ts";

it("finds DSA and short RSA keys of hosts and of people", () => {
  const findings = findingsOf(ssh003, {
    known_hosts: `old.lab ssh-rsa ${rsaOf(2048)}\nolder.lab ssh-dss ${dsa}\nnew.lab ssh-rsa ${rsaOf(3072)}\n`,
    authorized_keys: `ssh-rsa ${rsaOf(1024)} ann@lab\nssh-ed25519 ${ed25519.base64} bob@lab\n`,
    "etc/ssh/ssh_host_rsa_key.pub": `ssh-rsa ${rsaOf(2048)}\n`,
  });
  expect(linesOf(findings)).toEqual([
    "medium authorized_keys:1:1 ssh-rsa ann@lab: authorized_keys has an RSA key of 1024 bits of ann@lab",
    expect.stringMatching(
      /^medium etc\/ssh\/ssh_host_rsa_key\.pub:1:1 ssh-rsa SHA256:\S+: etc\/ssh\/ssh_host_rsa_key\.pub has an RSA key of 2048 bits of this host$/,
    ),
    "medium known_hosts:1:1 old.lab ssh-rsa: known_hosts has an RSA key of 2048 bits of a host",
    "medium known_hosts:2:1 older.lab ssh-dss: known_hosts has a DSA key of a host",
  ]);
  expect(findings[0]).toMatchObject({
    subject: "authorized_keys",
    fix: "Let its owner make a new one (ssh-keygen -t ed25519), add it, and remove this line.",
    edits: [],
  });
});

it("finds logins of root and with passwords, also those that are on without being named", () => {
  const findings = findingsOf(ssh003, {
    "a/sshd_config": "PermitRootLogin yes\nPasswordAuthentication yes\n",
    "b/sshd_config": "PermitRootLogin prohibit-password\n",
    "c/sshd_config": "PasswordAuthentication no\nUsePAM yes\n",
    "d/sshd_config": "PasswordAuthentication no\nMatch User git\n  PasswordAuthentication yes\n",
  });
  expect(linesOf(findings)).toEqual([
    "medium a/sshd_config:1:1 permitrootlogin: a/sshd_config lets root log in directly",
    "medium a/sshd_config:2:1 passwordauthentication: a/sshd_config lets users log in with a password",
    "medium b/sshd_config:1:1 passwordauthentication: b/sshd_config does not say PasswordAuthentication, which is yes by default",
    "medium c/sshd_config:1:1 kbdinteractiveauthentication: c/sshd_config still lets users log in with a password, which PAM asks for: KbdInteractiveAuthentication is on",
    "medium d/sshd_config:3:1 Match User git: passwordauthentication: d/sshd_config lets users log in with a password",
  ]);
  expect(findings[1]?.fix).toBe(
    "PasswordAuthentication no\nKbdInteractiveAuthentication no\nonce everybody has a key on the server.",
  );
});

it("has nothing against keys alone, whether the main file or one that it includes says so", () => {
  const findings = findingsOf(ssh003, {
    "ssh/sshd_config": "Include /etc/ssh/sshd_config.d/*.conf\nPasswordAuthentication yes\nUsePAM yes\n",
    "ssh/sshd_config.d/10-keys.conf":
      "PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin no\n",
    "other/sshd_config":
      "PasswordAuthentication no\nUsePAM yes\nAuthenticationMethods publickey,keyboard-interactive\n",
  });
  expect(findings).toEqual([]);
});
