import type { Severity } from "@espalier/service";
import { defineRule } from "../../engine/rule.ts";
import type { ComposeService, PublishedPort } from "../../inputs/compose/compose-project.ts";
import { isDatabase } from "./image.ts";
import { pathIn, servicesOf } from "./service.ts";

/** By the port inside the container, which says what speaks there. */
const databasePorts: ReadonlySet<number> = new Set([
  1433, 1521, 3306, 5432, 5984, 6333, 6379, 7474, 7687, 8123, 8529, 9042, 9200, 9300, 11_211, 27_017,
]);
const adminPorts: ReadonlySet<number> = new Set([2375, 2376, 2379, 5001, 8500, 9000, 9443, 15_672]);
const metricsPorts: ReadonlySet<number> = new Set([8082, 9090, 9091, 9093, 9100, 9104, 9121, 9187, 9400]);
const mailPorts: ReadonlySet<number> = new Set([25, 110, 143, 465, 587, 993, 995, 4190]);
const webPorts: ReadonlySet<number> = new Set([80, 443]);
const cleartextDirectoryPort = 389;

interface Meaning {
  readonly what: string;
  readonly severity: Severity;
  /** Meant for the world: bound to loopback it would be of no use. */
  readonly isPublic?: boolean;
}

export const cmp013 = defineRule({
  id: "CMP013",
  title: "port is published on all interfaces",
  severity: "high",
  profile: "production",
  reads: ["compose"],
  fix: "unsafe",
  explanation: `A published port without an address listens on every interface, and Docker opens it past the host's firewall (ufw and firewalld do not see it).

Bind what only this machine needs to 127.0.0.1; what only other containers need needs no port at all. What is meant for everybody (mail, web, LDAPS) is declared by a suppression that says so, and that says what limits the guessing of passwords there.`,
  references: ["Docker documentation, “Packet filtering and firewalls”", "CIS Docker Benchmark, 5.13"],
  *find(project) {
    for (const { service } of servicesOf(project)) {
      for (const port of service.ports) {
        if (port.host !== "0.0.0.0" && port.host !== "::" && port.host !== "") continue;
        const { what, severity, isPublic = false } = meaningOf(service, port);
        const shown = port.published ?? `a free port for ${port.target}`;
        const fix = isPublic
          ? `If it is meant for everybody, suppress this with the reason and with what limits guessing there (rate limit, fail2ban). If not: ${bound(port)}`
          : bound(port);
        yield {
          subject: service.name,
          message: `${service.name} publishes ${shown} (${what}) on all interfaces`,
          at: port.node,
          path: pathIn(service, "ports", `${port.published ?? ""}:${port.target}/${port.protocol}`),
          value: port.node.value,
          severity,
          fix,
          ...(isPublic ? {} : { edits: [loopbackEdit(port)] }),
        };
      }
    }
  },
});

function meaningOf(service: ComposeService, { target }: PublishedPort): Meaning {
  if (target === cleartextDirectoryPort) return { what: "LDAP in clear text", severity: "high" };
  if (databasePorts.has(target)) return { what: "a database", severity: "high" };
  if (target === 636) return { what: "LDAPS", severity: "medium", isPublic: true };
  if (isDatabase(service)) return { what: "a database", severity: "high" };
  if (adminPorts.has(target)) return { what: "administration", severity: "high" };
  if (metricsPorts.has(target)) return { what: "metrics", severity: "high" };
  if (mailPorts.has(target)) return { what: "mail", severity: "medium", isPublic: true };
  if (webPorts.has(target)) return { what: "web", severity: "medium", isPublic: true };
  return { what: `${target} of the container`, severity: "medium" };
}

function bound(port: PublishedPort): string {
  return port.node.kind === "map" ? "host_ip: 127.0.0.1" : `- "${shortForm(port)}"`;
}

function shortForm({ published, target, protocol, node }: PublishedPort): string {
  const written = node.text ?? "";
  // A range, and `published` that is not there, stay as they are.
  const rest = written.includes(":") ? written.replace(/^(?:0\.0\.0\.0|\[::\]):/, "") : `${published ?? ""}:${target}`;
  const suffix = written.includes(":") || protocol === "tcp" ? "" : `/${protocol}`;
  return `127.0.0.1:${rest}${suffix}`;
}

function loopbackEdit(port: PublishedPort) {
  const { location, sourcePath, kind } = port.node;
  return kind === "map"
    ? ({ kind: "set", file: location.file, path: [...sourcePath, "host_ip"], value: "127.0.0.1" } as const)
    : ({ kind: "set", file: location.file, path: sourcePath, value: shortForm(port) } as const);
}
