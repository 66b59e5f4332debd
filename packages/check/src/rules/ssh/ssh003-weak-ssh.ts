import { dirname } from "node:path";
import type { Project } from "../../engine/project.ts";
import { defineRule, type Found } from "../../engine/rule.ts";
import type { Location } from "../../inputs/source-file.ts";
import type { SshConfig, SshDirective } from "../../inputs/ssh-config.ts";
import type { SshPublicKey } from "../../inputs/ssh-public-key.ts";

export const ssh003 = defineRule({
  id: "SSH003",
  title: "weak SSH key or login",
  severity: "medium",
  profile: "production",
  reads: ["knownHosts", "sshKeys", "sshConfig"],
  fix: "none",
  explanation: `DSA keys have 1024 bits and are no longer accepted by OpenSSH; RSA keys below 3072 bits are weaker than everything else in use. A server that takes passwords is asked for them all day long, and a direct login as root leaves no trace of who it was.

Ed25519 keys are short, fast and as strong as needed. Log in with keys, as oneself, and become root from there.`,
  references: [
    "NIST SP 800-57 Part 1 Rev. 5, table 2 (strength of keys)",
    "OpenSSH release notes, 7.0 and 9.8 (DSA)",
    "sshd_config(5), PermitRootLogin, PasswordAuthentication, KbdInteractiveAuthentication",
  ],
  *find(project) {
    for (const { file, hosts } of project.of("knownHosts")) {
      for (const { key, names, location, marker } of hosts) {
        if (marker === "revoked") continue;
        yield* weakKey(key, file.path, location, `${names.join(",")} ${key.type}`, {
          whose: "a host",
          fix: "On the host: ssh-keygen -t ed25519 -f /etc/ssh/ssh_host_ed25519_key -N ''; then pin the new key:\nespalier known-hosts pin HOST",
        });
      }
    }
    for (const { file, keys } of project.of("sshKeys")) {
      const isHostKey = /(?:^|\/)ssh_host_[^/]*\.pub$/.test(file.path);
      for (const { key, comment, location } of keys) {
        yield* weakKey(key, file.path, location, `${key.type} ${comment || key.fingerprint}`, {
          whose: isHostKey ? "this host" : comment === "" ? "somebody" : comment,
          fix: isHostKey
            ? "ssh-keygen -t ed25519 -f /etc/ssh/ssh_host_ed25519_key -N '' and remove the HostKey line of the old one."
            : "Let its owner make a new one (ssh-keygen -t ed25519), add it, and remove this line.",
        });
      }
    }
    for (const config of project.of("sshConfig")) {
      if (config.side === "server") yield* findInServer(project, config);
    }
  },
});

function* weakKey(
  { type, bits, fingerprint }: SshPublicKey,
  subject: string,
  at: Location,
  path: string,
  { whose, fix }: { whose: string; fix: string },
): Generator<Found> {
  const isDsa = type === "ssh-dss";
  if (!isDsa && (type !== "ssh-rsa" || bits === undefined || bits >= 3072)) return;
  const what = isDsa ? "a DSA key" : `an RSA key of ${bits} bits`;
  yield { subject, message: `${subject} has ${what} of ${whose}`, at, path, value: fingerprint, fix };
}

/** The first value counts, of the files that are included as well as of its own. */
function* findInServer(project: Project, { file, isFragment, directives }: SshConfig): Generator<Found> {
  const at = file.locate(0);
  const subject = file.path;
  const all = directives.filter(({ block }) => block === undefined);
  const included = directives.some(({ keyword }) => keyword === "include") ? fragmentsOf(project, file.path) : [];
  const first = (keyword: string) => [...included, ...all].find((directive) => directive.keyword === keyword);
  const firstValue = (keyword: string) => first(keyword)?.parameters[0]?.toLowerCase();

  for (const { keyword, parameters, block, location } of directives) {
    const value = parameters[0]?.toLowerCase();
    const isFirst = block !== undefined || isFragment || first(keyword)?.location === location;
    const where = {
      subject,
      at: location,
      path: block === undefined ? keyword : `${block}: ${keyword}`,
      value: value ?? null,
    };
    if (keyword === "permitrootlogin" && value === "yes" && isFirst) {
      yield {
        ...where,
        message: `${subject} lets root log in directly`,
        fix: "PermitRootLogin no\nor prohibit-password, where programs log in as root with a key.",
      };
    }
    if (keyword === "passwordauthentication" && value === "yes" && isFirst) {
      yield { ...where, message: `${subject} lets users log in with a password`, fix: keysOnly };
    }
  }
  if (isFragment || directives.length === 0) return;
  if (first("passwordauthentication") === undefined) {
    yield {
      ...{ subject, at, path: "passwordauthentication", value: null },
      message: `${subject} does not say PasswordAuthentication, which is yes by default`,
      fix: keysOnly,
    };
  } else if (
    firstValue("passwordauthentication") === "no" &&
    firstValue("usepam") === "yes" &&
    (firstValue("kbdinteractiveauthentication") ?? firstValue("challengeresponseauthentication") ?? "yes") === "yes" &&
    first("authenticationmethods") === undefined
  ) {
    yield {
      ...{ subject, at: first("passwordauthentication")!.location, path: "kbdinteractiveauthentication", value: null },
      message: `${subject} still lets users log in with a password, which PAM asks for: KbdInteractiveAuthentication is on`,
      fix: "KbdInteractiveAuthentication no",
    };
  }
}

const keysOnly = "PasswordAuthentication no\nKbdInteractiveAuthentication no\nonce everybody has a key on the server.";

function fragmentsOf(project: Project, path: string): readonly SshDirective[] {
  return project
    .of("sshConfig")
    .filter(({ file, isFragment }) => isFragment && dirname(file.path) === `${path}.d`)
    .flatMap(({ directives }) => directives.filter(({ block }) => block === undefined));
}
