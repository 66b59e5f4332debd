import { expect, it } from "vitest";
import { ssh001 } from "../../../src/rules/ssh/ssh001-unpinned-host-key.ts";
import { findingsOf, linesOf } from "../../project.ts";

const pin = `Read the fingerprint on the host's own console (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), then store exactly that key:
espalier known-hosts pin HOST --fingerprint SHA256:…`;

it.each([
  ["at once", 'ssh-keyscan -H "$HOST" >> ~/.ssh/known_hosts 2>/dev/null\n'],
  ["to a variable's file", 'ssh-keyscan "$HOST" > "$KNOWN_HOSTS"\n'],
  ["by tee", 'ssh-keyscan "$HOST" | sort -u | tee -a /etc/ssh/ssh_known_hosts\n'],
  ["by a file of its own", 'ssh-keyscan "$HOST" > "$tmp"\nmv "$tmp" ~/.ssh/known_hosts\n'],
  ["by a variable", 'keys=$(ssh-keyscan "$HOST")\nif [ -n "$keys" ]; then\n  echo "$keys" >> ~/.ssh/known_hosts\nfi\n'],
  [
    "after showing fingerprints",
    'ssh-keyscan "$HOST" > "$tmp"\nssh-keygen -lf "$tmp"\ncat "$tmp" >> ~/.ssh/known_hosts\n',
  ],
])("finds a scan that is stored %s", (_, script) => {
  const findings = findingsOf(ssh001, { "bootstrap.sh": script });
  expect(findings).toMatchObject([
    {
      severity: "high",
      subject: "bootstrap.sh",
      message: "bootstrap.sh stores what ssh-keyscan brings without comparing it with a pin",
      location: { file: "bootstrap.sh", line: 1 },
      path: "ssh-keyscan unpinned",
      fix: pin,
      edits: [],
    },
  ]);
});

it("finds the comparison of a whole line with a fingerprint, which is never equal", () => {
  const findings = findingsOf(ssh001, {
    "bootstrap.sh": `EXPECTED_FP="\${TOOLSERVER_SSH_HOST_KEY_FINGERPRINT}"
ACTUAL_FP=$(ssh-keyscan $HOST | ssh-keygen -lf -)
if [ "$ACTUAL_FP" != "$EXPECTED_FP" ]; then
    echo "ERROR: SSH host key mismatch!" >&2
    exit 1
fi
`,
  });
  expect(linesOf(findings)).toEqual([
    "high bootstrap.sh:2:33 ssh-keyscan whole line: bootstrap.sh compares the whole line of ssh-keygen -l with a fingerprint, which is never equal",
  ]);
  expect(findings[0]?.fix).toMatch(/^Compare the second field alone: ssh-keygen -lf FILE \| awk '\{ print \$2 \}'\n/);
});

it("finds that one scan is verified and another one is stored", () => {
  const findings = findingsOf(ssh001, {
    "bootstrap.sh": `ssh-keyscan -t rsa,ecdsa,ed25519 "$HOST" > "$TMP"
ACTUAL=$(ssh-keyscan -t ed25519 "$HOST" 2>/dev/null | ssh-keygen -lf - | awk '{print $2}')
if [ "$ACTUAL" != "$EXPECTED_FINGERPRINT" ]; then exit 1; fi
cat "$TMP" >> "$KNOWN_HOSTS_FILE"
`,
  });
  expect(linesOf(findings)).toEqual([
    "high bootstrap.sh:1:1 ssh-keyscan second scan: bootstrap.sh compares the keys of a second scan with a pin, but stores those of the first",
  ]);
});

it("finds that checking is switched off, in scripts, configurations and services", () => {
  const findings = findingsOf(ssh001, {
    "deploy.sh": `ssh -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null host true
GIT_SSH_COMMAND="ssh -o 'StrictHostKeyChecking accept-new'" git pull
`,
    ".ssh/config": "Host *\n  StrictHostKeyChecking no\nHost lab\n  UserKnownHostsFile /dev/null\n",
    "compose.yaml": `services:
  git:
    image: git:1
    environment:
      GIT_SSH_COMMAND: ssh -o StrictHostKeyChecking=no
  runner:
    image: runner:1
    command: sh -c "ssh-keyscan github.com >> ~/.ssh/known_hosts && run"
`,
  });
  expect(linesOf(findings)).toEqual([
    "high .ssh/config:2:1 StrictHostKeyChecking=no: .ssh/config sets StrictHostKeyChecking=no, which trusts any key of any host",
    "high .ssh/config:4:1 Host lab: UserKnownHostsFile=/dev/null: .ssh/config sets UserKnownHostsFile=/dev/null, which trusts any key of any host",
    "high compose.yaml:5:24 services.git.environment.GIT_SSH_COMMAND: git sets StrictHostKeyChecking=no, which trusts any key of any host",
    "high compose.yaml:8:14 services.runner.command: runner stores what ssh-keyscan brings without comparing it with a pin",
    "high deploy.sh:1:8 StrictHostKeyChecking=no: deploy.sh sets StrictHostKeyChecking=no, which trusts any key of any host",
    "high deploy.sh:1:36 UserKnownHostsFile=/dev/null: deploy.sh sets UserKnownHostsFile=/dev/null, which trusts any key of any host",
    "high deploy.sh:2:17 StrictHostKeyChecking=accept-new: deploy.sh sets StrictHostKeyChecking=accept-new, which trusts any key of a host that is new",
  ]);
  expect(findings[0]?.fix).toBe(
    `Remove StrictHostKeyChecking=no (the key is then asked for, or refused in a script) and pin the key.\n${pin}`,
  );
});

it("has nothing against one scan that is compared with a pin and stored, nor against looking at keys", () => {
  const findings = findingsOf(ssh001, {
    "pin.sh": `ssh-keyscan -t ed25519 "$HOST" > "$tmp"
actual=$(ssh-keygen -lf "$tmp" | awk '{ print $2 }')
[ "$actual" = "$EXPECTED_FINGERPRINT" ] || exit 1
cat "$tmp" >> ~/.ssh/known_hosts
`,
    "variable.sh": `keys=$(ssh-keyscan "$HOST")
echo "$keys" | ssh-keygen -lf - | grep -q "SHA256:${"a".repeat(43)}" || exit 1
echo "$keys" >> ~/.ssh/known_hosts
`,
    "look.sh": "ssh-keyscan host | ssh-keygen -lf -\necho 'never use StrictHostKeyChecking=no'\n",
    "compare.sh":
      'line=$(ssh-keygen -lf key.pub)\n[[ $line == *"$FINGERPRINT"* ]] || exit 1\n[ -n "$line" ] && [ "$line" != "" ]\n',
    ".ssh/config": "Host *\n  StrictHostKeyChecking yes\n",
    "etc/ssh/sshd_config": "PermitRootLogin no\n",
  });
  expect(findings).toEqual([]);
});
