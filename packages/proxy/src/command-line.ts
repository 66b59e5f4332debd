/**
 * A proxy described on its command line, in our form or in that of balance(1):
 *
 *     --listen URL [--listen URL…] BACKEND… [! BACKEND…]…
 *     -b ADDRESS PORT HOST[:PORT]… [! HOST[:PORT]…]…
 *
 * Each `!` begins the next tier. Both make the same configuration that the `proxy` section of espalier.yaml would.
 */
import { ConfigurationError, type ConfigurationProblem, formatHostPort, parseHostPort } from "@espalier/service";
import { type ProxyConfig, proxySection, type WrittenProxyConfig } from "./config.ts";

export interface ProxyCommandLine {
  /** `--listen`, once for each. */
  readonly listen: readonly string[];
  /** `-b`: the address whose port is the first operand. */
  readonly bindAddress: string | undefined;
  readonly operands: readonly string[];
  readonly caPath: string | undefined;
  readonly certPath: string | undefined;
  readonly keyPath: string | undefined;
  readonly startTls: boolean;
  readonly verify: boolean;
  readonly allowPlaintext: boolean;
  /** `--socket`: the control socket. */
  readonly control: string | undefined;
}

/** Ports on which LDAP servers speak TLS from the first byte: ldaps, and Active Directory's global catalog. */
const tlsPorts = [636, 3269];

/** Whether it is balance's form, of a port on which TLS is spoken: balance passed it on to the servers, here it ends. */
export function isBalancedTls({ bindAddress, operands }: Pick<ProxyCommandLine, "bindAddress" | "operands">): boolean {
  return bindAddress !== undefined && tlsPorts.includes(Number(operands[0]));
}

/** @throws ConfigurationError that names the operands and options as they were given. */
export function configOfCommandLine(commandLine: ProxyCommandLine): ProxyConfig {
  const { certPath, keyPath, caPath, startTls, verify, allowPlaintext, control } = commandLine;
  const { listen, groups } =
    commandLine.bindAddress === undefined ? ownForm(commandLine) : balanceForm(commandLine, commandLine.bindAddress);
  if (groups.some((group) => group.length === 0)) throw problem("!", "needs a server before it and one after it");
  const written: WrittenProxyConfig = {
    listen: [...listen],
    tiers: groups.map((backends) => ({ backends: [...backends] })),
    tls: { ...given("certPath", certPath), ...given("keyPath", keyPath) },
    upstream: { ...given("caPath", caPath), startTls, verify },
    allowPlaintext,
    ...given("control", control),
  };
  const { success, data, error } = proxySection.schema.safeParse(written);
  if (success) return data;
  throw new ConfigurationError(
    error.issues.map((issue) => ({
      path: "",
      source: sourceOf(issue.path, listen, groups),
      // Of the two ways to write a backend the words are meant for the first, a URL.
      message: issue.code === "invalid_union" ? issue.errors[0]![0]!.message : issue.message,
    })),
  );
}

interface Described {
  readonly listen: readonly string[];
  readonly groups: readonly (readonly string[])[];
}

function ownForm({ listen, operands }: ProxyCommandLine): Described {
  if (listen.length === 0) {
    throw problem("--listen", "is missing: say where clients are served, as in --listen ldap://127.0.0.1:389");
  }
  if (operands.length === 0) {
    throw problem("the servers", "are missing: name them after the options, as in ldaps://ldap1.example.com");
  }
  return { listen, groups: groupsOf(operands) };
}

function balanceForm({ listen, operands: [portText = "", ...hosts] }: ProxyCommandLine, address: string): Described {
  const port = Number(portText);
  if (listen.length > 0) throw problem("-b", "says the same as --listen: use one or the other");
  if (!/^\d{1,5}$/.test(portText) || port > 65_535) {
    throw problem("-b", `needs a port before the servers, as in -b 127.0.0.1 389 ldaps://ldap1.example.com`);
  }
  if (hosts.length === 0) {
    throw problem("the servers", "are missing: name them after the port, as in -b 127.0.0.1 389 ldaps://10.1.1.1");
  }
  const scheme = tlsPorts.includes(port) ? "ldaps" : "ldap";
  return {
    listen: [`${scheme}://${formatHostPort({ host: address, port })}`],
    groups: groupsOf(hosts).map((group) => group.map((host) => withBalancePort(host, port))),
  };
}

/** As with balance a host without a port has that of the listener; what is spoken follows from the port. */
function withBalancePort(host: string, listenPort: number): string {
  const address = host.includes("://") ? undefined : parseHostPort(host, listenPort);
  if (address === undefined) return host;
  return `${tlsPorts.includes(address.port) ? "ldaps" : "ldap"}://${formatHostPort(address)}`;
}

function groupsOf(operands: readonly string[]): string[][] {
  const groups: string[][] = [[]];
  for (const operand of operands) {
    if (operand === "!") groups.push([]);
    else groups.at(-1)!.push(operand);
  }
  return groups;
}

/** The words of the command line that a value at `path` came from. */
function sourceOf(path: readonly PropertyKey[], listen: readonly string[], groups: Described["groups"]): string {
  const [key, first, , second] = path.map((each) => (typeof each === "symbol" ? "" : each));
  if (key === "listen" && typeof first === "number") return `--listen ${listen[first]}`;
  if (key === "tiers" && typeof first === "number" && typeof second === "number") return groups[first]![second]!;
  if (key === "tls") return "--cert, --key";
  return "the command line";
}

function problem(source: string, message: string): ConfigurationError {
  const only: ConfigurationProblem = { path: "", source, message };
  return new ConfigurationError([only]);
}

function given<Key extends string>(key: Key, value: string | undefined): { readonly [K in Key]?: string } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [K in Key]: string });
}
