import type { JsonValue } from "@espalier/service";
import { defineRule, type Found, type RuleContext } from "../../engine/rule.ts";
import type { ConfigNode } from "../../inputs/config-node.ts";

/** Where findings about a machine that runs are written. */
const machine = "this machine";
const daemonFile = "/etc/docker/daemon.json";

/** What Docker's daemon is told, whichever way it was read. */
interface Daemon {
  readonly subject: string;
  readonly settings: Readonly<Record<string, JsonValue>>;
  readonly node?: ConfigNode;
}

export const hst001 = defineRule({
  id: "HST001",
  title: "the machine is not prepared for its work",
  severity: "medium",
  profile: "production",
  reads: ["host", "dockerDaemon"],
  fix: "none",
  explanation: `What runs on a machine is no safer than the machine. Docker's daemon by default takes every container with it
when it is updated, and keeps logs without an end until the disk is full. A firewall that is on keeps what listens by mistake
from being reached; updates that install themselves close known holes before somebody has time for them.

Only what a machine starts by itself counts: a firewall that was switched on by hand is gone after the next start. What a
network's own firewall does is not seen from here; where that is enough, suppress this finding with that reason. The profile
\`strict\` also asks for fail2ban (or CrowdSec, or sshguard), and that Docker needs no proxy process for each published port.`,
  references: [
    "Docker: dockerd, daemon configuration file",
    "Docker: Live restore",
    "CIS Docker Benchmark, Docker daemon configuration",
    "CIS Debian Linux 12 Benchmark, Host Based Firewall",
    "Debian: unattended-upgrades(8)",
  ],
  *find(project, context) {
    for (const { root } of project.of("dockerDaemon")) {
      const settings = root.value;
      if (typeof settings !== "object" || settings === null || Array.isArray(settings)) continue;
      yield* daemonFindings(
        { subject: root.location.file, settings: settings as Daemon["settings"], node: root },
        context,
      );
    }
    for (const { dockerDaemon, hasDocker, hasFirewall, hasFail2ban, hasAutomaticUpdates } of project.of("host")) {
      if (hasDocker || dockerDaemon !== undefined) {
        const settings = settingsOf(dockerDaemon);
        if (settings !== undefined) yield* daemonFindings({ subject: machine, settings }, context);
      }
      if (!hasFirewall) {
        yield {
          subject: machine,
          path: "firewall",
          message: "no firewall is started with this machine",
          fix: "apt install ufw\nufw default deny incoming\nufw allow OpenSSH\nufw allow 636/tcp\nufw enable",
        };
      }
      if (!hasAutomaticUpdates) {
        yield {
          subject: machine,
          path: "updates",
          message: "security updates are not installed by themselves on this machine",
          fix: "apt install unattended-upgrades\ndpkg-reconfigure -plow unattended-upgrades",
        };
      }
      if (!hasFail2ban && context.profile === "strict") {
        yield {
          subject: machine,
          path: "fail2ban",
          message: "nothing on this machine shuts out addresses that guess passwords",
          fix: "apt install fail2ban\nsystemctl enable --now fail2ban",
        };
      }
    }
  },
});

/** Nothing where it is no JSON object: Docker does not start with that, so it is not what runs. */
function settingsOf(text: string | undefined): Daemon["settings"] | undefined {
  try {
    const value: unknown = JSON.parse(text ?? "{}");
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as Daemon["settings"]) : undefined;
  } catch {
    return undefined;
  }
}

function* daemonFindings({ subject, settings, node }: Daemon, { profile }: RuleContext): Generator<Found> {
  const place = (key: string) => {
    const at = node?.get(key) ?? node;
    return at === undefined ? { path: `${daemonFile} ${key}` } : { at, path: key };
  };
  if (settings["live-restore"] !== true) {
    yield {
      ...{ subject, ...place("live-restore") },
      message: `${nameOf(subject)} stops every container whenever Docker's daemon is restarted or updated`,
      fix: `In ${daemonFile} (not on a swarm's node, which cannot):\n  "live-restore": true\nThen: systemctl reload docker`,
    };
  }
  const driver = settings["log-driver"] ?? "json-file";
  const options = settings["log-opts"] as Readonly<Record<string, JsonValue>> | undefined;
  if (driver === "json-file" && options?.["max-size"] === undefined) {
    yield {
      ...{ subject, ...place("log-opts") },
      message: `${nameOf(subject)} lets the logs of containers grow until the disk is full`,
      fix: `In ${daemonFile}:\n  "log-driver": "json-file",\n  "log-opts": { "max-size": "10m", "max-file": "3" }\nThen: systemctl restart docker, and make the containers anew (docker compose up -d --force-recreate)`,
    };
  }
  if (settings["userland-proxy"] !== false && profile === "strict") {
    yield {
      ...{ subject, ...place("userland-proxy") },
      message: `${nameOf(subject)} runs a process for each published port, behind which clients' addresses are lost`,
      fix: `In ${daemonFile}:\n  "userland-proxy": false\nThen: systemctl restart docker`,
    };
  }
}

function nameOf(subject: string): string {
  return subject === machine ? "Docker on this machine" : `Docker with ${subject}`;
}
