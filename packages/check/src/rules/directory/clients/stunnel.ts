/** stunnel in front of a directory server: `client = yes` with LDAP on one of its sides. */
import type { Project } from "../../../engine/project.ts";
import type { StunnelFile, StunnelOption } from "../../../inputs/stunnel.ts";
import type { LdapClient, Unverified } from "./client.ts";

export function stunnelClients(project: Project): readonly LdapClient[] {
  return project.of("stunnel").flatMap((file) =>
    file.sections.slice(1).flatMap(({ name }) => {
      const unverified = unverifiedOf(file, name);
      if (unverified === undefined) return [];
      return [
        { subject: file.file.path, name: `service ${name} of stunnel`, isContainer: false, servers: [], unverified },
      ];
    }),
  );
}

const ldapPorts = /(?:^|:)(?:389|636|3268|3269)$/;

function unverifiedOf(file: StunnelFile, section: string): Unverified | undefined {
  const option = (name: string): StunnelOption | undefined => {
    const named = (each: StunnelOption) => each.name.toLowerCase() === name.toLowerCase();
    const own = file.sections.findLast((each) => each.name === section)?.options.findLast(named);
    return own ?? file.sections[0]?.options.findLast(named);
  };
  const isYes = (name: string) => option(name)?.value.toLowerCase() === "yes";
  const connect = option("connect");
  const isLdap = [connect, option("accept")].some((each) => ldapPorts.test(each?.value ?? "")) || /ldap/i.test(section);
  if (!isYes("client") || connect === undefined || !isLdap || option("PSKsecrets") !== undefined) return undefined;
  const place = { at: connect.location, path: `["${section}"].verifyChain` };
  const host = connect.value.replace(/:\d+$/, "");
  const level = Number(option("verify")?.value ?? 0);
  if (isYes("verifyPeer") || level === 3 || level === 4) return undefined;
  const lines = `checkHost = ${/^(?:localhost|127\..*)$/.test(host) ? "ldap.example.com" : host}`;
  if (!isYes("verifyChain") && level < 2) {
    const fix = `verifyChain = yes\nCAfile = /etc/ssl/certs/ca-certificates.crt\n${lines}`;
    return { place, because: "neither verifyChain nor verifyPeer is set", value: null, fix };
  }
  if (option("checkHost") !== undefined || option("checkIP") !== undefined || option("checkEmail") !== undefined)
    return undefined;
  const because = "verifyChain without checkHost takes every name that the authority has certified";
  return { place, because, value: "verifyChain", fix: lines, severity: "medium" };
}
