/** The servers of nginx's configuration: what they listen on, and which directives hold in them by inheritance. */
import type { Project } from "../../engine/project.ts";
import type { NginxDirective, NginxFile } from "../../inputs/nginx.ts";
import { nginxPlaces } from "../../inputs/nginx.ts";
import { isLoopback, isPublished, servicesWithFile } from "./hosts.ts";

export interface NginxServer {
  readonly nginx: NginxFile;
  readonly server: NginxDirective;
  readonly path: string;
  /** `server_name` without what names nothing; the file where there is none. */
  readonly name: string;
  readonly listens: readonly NginxListen[];
  /** `http` and what is in it, the outermost first. */
  readonly around: readonly (readonly NginxDirective[])[];
}

export interface NginxListen {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
}

/** With `include` of files that were read put in its place. */
export function nginxServers(project: Project): readonly NginxServer[] {
  const files = project.of("nginx");
  // A file of conf.d stands inside the http block of nginx.conf.
  const https = files.flatMap(({ directives }) => directives.filter(({ name }) => name === "http"));
  return files.flatMap((nginx) =>
    [...nginxPlaces(nginx)].flatMap(({ directive: server, path, blocks }): NginxServer[] => {
      if (server.name !== "server" || server.block === undefined || blocks.some(({ name }) => name === "stream"))
        return [];
      const body = includedIn(server.block, files);
      const names = body.filter(({ name }) => name === "server_name").flatMap(({ parameters }) => parameters);
      const name = names.find((each) => each !== "_" && each !== "") ?? nginx.file.path;
      const around = (blocks.length > 0 ? blocks : https).map(({ block = [] }) => includedIn(block, files));
      return [{ nginx, server: { ...server, block: body }, path, name, listens: listensOf(body), around }];
    }),
  );
}

const maxIncludes = 20;

function includedIn(
  block: readonly NginxDirective[],
  files: readonly NginxFile[],
  depth = 0,
): readonly NginxDirective[] {
  return block.flatMap((directive) => {
    const [pattern = ""] = directive.name === "include" ? directive.parameters : [];
    const file = pattern === "" ? undefined : files.find(({ file: { path } }) => sameEnd(path, pattern));
    if (file === undefined || depth > maxIncludes) return [directive];
    return includedIn(file.directives, files, depth + 1);
  });
}

/** `/etc/nginx/snippets/tls.conf` means `nginx/snippets/tls.conf` of the tree. */
function sameEnd(path: string, written: string): boolean {
  const wanted = written.split("/").slice(-2).join("/");
  return path === wanted || path.endsWith(`/${wanted}`) || path === written.split("/").at(-1);
}

function listensOf(body: readonly NginxDirective[]): readonly NginxListen[] {
  const isOn = body.some(({ name, parameters }) => name === "ssl" && parameters[0] === "on");
  const directives = body.filter(({ name }) => name === "listen");
  if (directives.length === 0) return [{ host: "", port: 80, isTls: isOn }];
  return directives.flatMap(({ parameters: [address = "", ...flags] }) => {
    if (address.startsWith("unix:")) return [];
    const [, host = "", port = "80"] = /^(?:(.*?):)?(\d+)$/.exec(address) ?? [undefined, address, "80"];
    return [{ host, port: Number(port), isTls: isOn || flags.includes("ssl") || flags.includes("quic") }];
  });
}

/** The values of a directive of which the innermost block that has it counts, as of `add_header` and `auth_basic`. */
export function inherited(name: string, blocks: readonly (readonly NginxDirective[])[]): readonly NginxDirective[] {
  for (const block of blocks.toReversed()) {
    const found = block.filter((directive) => directive.name === name);
    if (found.length > 0) return found;
  }
  return [];
}

/**
 * Whether strangers can reach a port that a server listens on. A container of which no port is published stands behind
 * another server, as does one whose file no service of the project mounts while another ends TLS.
 */
export function isReachable(project: Project, { nginx, listens }: NginxServer, { host, port }: NginxListen): boolean {
  if (isLoopback(host)) return false;
  const services = servicesWithFile(project, nginx.file.path);
  if (services.length > 0) return services.some((service) => isPublished(service, port));
  return project.of("compose").length === 0 || listens.some(({ isTls }) => isTls);
}
