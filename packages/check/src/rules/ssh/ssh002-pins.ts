import { defineRule, type Found } from "../../engine/rule.ts";
import { isNameOf, type KnownHost, type KnownHosts } from "../../inputs/known-hosts.ts";
import { type KnownHostsPin, pinsSuffix } from "../../inputs/known-hosts-pins.ts";

export const ssh002 = defineRule({
  id: "SSH002",
  title: "stored host key is not the pinned one",
  severity: "critical",
  profile: "lab",
  reads: ["knownHosts"],
  fix: "none",
  explanation: `A pin is a fingerprint that somebody has compared with what the host itself shows; it is kept beside known_hosts, in a file with \`.pins\` after its name. A stored key with another fingerprint was put there by something else: the host has new keys, or somebody stands between it and you.

A key without a pin was never compared by anybody. Find out which it is before you connect; \`espalier known-hosts pin\` stores a key only after its fingerprint was typed or given.`,
  references: ["sshd(8), SSH_KNOWN_HOSTS FILE FORMAT", "RFC 4251 §4.1 (host keys)", "docs/known-hosts.md"],
  *find(project, { profile }) {
    const pinFiles = new Map(project.of("knownHostsPins").map(({ file, pins }) => [file.path, pins]));
    for (const knownHosts of project.of("knownHosts")) {
      const pins = pinFiles.get(`${knownHosts.file.path}${pinsSuffix}`) ?? [];
      for (const host of knownHosts.hosts) {
        const found = host.marker === "revoked" ? undefined : judge(knownHosts, host, pins);
        // To try things out a key may be taken as it comes; one that is another than the pinned never.
        if (found !== undefined && (profile !== "lab" || found.isOther)) yield found.finding;
      }
    }
  },
});

function judge({ file }: KnownHosts, host: KnownHost, pins: readonly KnownHostsPin[]) {
  const { key, names, location } = host;
  const pinned = pins.filter((pin) => pin.type === key.type && names.some((name) => isNamedBy(name, pin)));
  if (pinned.some(({ fingerprint }) => fingerprint === key.fingerprint)) return undefined;
  const shown = names.map((name) => (name.startsWith("|") ? "a hashed name" : name)).join(",");
  const where = { subject: file.path, at: location, path: `${names.join(",")} ${key.type}`, value: key.fingerprint };
  const [first] = pinned;
  const target = shown.startsWith("[") ? shown.replace(/^\[(.*)\]:(\d+)$/, "$1:$2") : shown;
  const again = `espalier known-hosts pin ${names[0]?.startsWith("|") ? "HOST" : target.split(",")[0]} --file ${file.path}`;
  const finding: Found =
    first === undefined
      ? {
          ...where,
          message: `the ${key.type} key of ${shown} has no pin`,
          fix: `Compare it with what the host itself shows (on its console: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), and pin it:\n${again}`,
        }
      : {
          ...where,
          message: `the ${key.type} key of ${shown} is ${key.fingerprint}, and its pin is ${first.fingerprint}`,
          fix: `Do not connect. Ask whoever keeps the host whether it has new keys; only if it has, and with the fingerprint from its console:\n${again}`,
        };
  return { finding, isOther: first !== undefined };
}

/** The same name, or a hash of one and the name itself. */
function isNamedBy(name: string, pin: KnownHostsPin): boolean {
  return pin.names.some((pinned) => {
    if (pinned === name) return true;
    return pinned.startsWith("|")
      ? !name.startsWith("|") && isNameOf(pinned, name.toLowerCase())
      : isNameOf(name, pinned);
  });
}
