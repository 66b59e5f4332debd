/**
 * The machine itself, by the files that say what is on after a start of it: they can be read without root, which a firewall's
 * rules cannot.
 */
import { access, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ObservedHost } from "../observed/system.ts";

/** In a container these files are the image's. */
const containerMarks = ["/.dockerenv", "/run/.containerenv"];
const dockerPrograms = ["/usr/bin/dockerd", "/usr/sbin/dockerd", "/usr/local/bin/dockerd"];
const unitFolders = ["/etc/systemd/system", "/run/systemd/generator"];
const firewalls = /^(?:nftables|ufw|firewalld|netfilter-persistent|shorewall|ferm|pve-firewall)\.service$/;
const banning = /^(?:fail2ban|crowdsec|sshguard)\.service$/;
const updating =
  /^(?:dnf-automatic(?:-install)?|dnf5-automatic|yum-cron|transactional-update|apk-autoupdate)\.(?:timer|service)$/;

/** Undefined in a container, where nothing can be said of the machine. `root` is `/` but in tests. */
export async function observeHost(root = "/"): Promise<ObservedHost | undefined> {
  const at = (path: string) => join(root, path);
  const marks = await Promise.all(containerMarks.map((path) => exists(at(path))));
  if (marks.includes(true)) return undefined;
  const [units, programs, dockerDaemon, ufw, aptPeriodic] = await Promise.all([
    wantedUnits(root),
    Promise.all(dockerPrograms.map((path) => exists(at(path)))),
    text(at("/etc/docker/daemon.json")),
    text(at("/etc/ufw/ufw.conf")),
    aptPeriods(at("/etc/apt/apt.conf.d")),
  ]);
  const isOn = (unit: string) => unit !== "ufw.service" || /^ENABLED=yes/m.test(ufw ?? "");
  return {
    ...(dockerDaemon === undefined ? {} : { dockerDaemon }),
    hasDocker: programs.includes(true),
    hasFirewall: units.some((unit) => firewalls.test(unit) && isOn(unit)),
    hasFail2ban: units.some((unit) => banning.test(unit)),
    hasAutomaticUpdates: units.some((unit) => updating.test(unit)) || upgrades(aptPeriodic),
  };
}

/** What systemd starts because something wants it: `multi-user.target.wants/nftables.service`. */
async function wantedUnits(root: string): Promise<string[]> {
  const found = await Promise.all(
    unitFolders.map(async (folder) => {
      const wants = (await list(join(root, folder))).filter((name) => name.endsWith(".wants"));
      return (await Promise.all(wants.map((name) => list(join(root, folder, name))))).flat();
    }),
  );
  return found.flat();
}

async function aptPeriods(folder: string): Promise<string> {
  const files = (await list(folder)).sort();
  return (await Promise.all(files.map((file) => text(join(folder, file))))).join("\n");
}

/** The last word counts, as apt.conf(5) has it. */
function upgrades(configuration: string): boolean {
  const set = [...configuration.matchAll(/^\s*APT::Periodic::Unattended-Upgrade\s+"([^"]*)"/gm)].at(-1);
  return set !== undefined && !["", "0"].includes(set[1]!);
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function list(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

function text(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").catch(() => undefined);
}
