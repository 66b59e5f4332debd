import type { Project } from "../../engine/project.ts";
import { defineRule, type Found } from "../../engine/rule.ts";
import type { NginxDirective } from "../../inputs/nginx.ts";
import { isLoopback, isPublished, servicesWithFile } from "./hosts.ts";
import { isReachable, nginxServers } from "./nginx-servers.ts";
import {
  type EntryPoint,
  entryPointsOfRouter,
  type TraefikModel,
  type TraefikRouter,
  traefikModel,
} from "./traefik-model.ts";

export const web002 = defineRule({
  id: "WEB002",
  title: "service answers over plain HTTP",
  severity: "high",
  profile: "production",
  reads: ["compose", "traefik", "nginx", "caddy"],
  fix: "none",
  explanation: `Over plain HTTP everybody between the user and the server reads passwords and session cookies, and changes pages on their way. A port 80 that only redirects to https is fine: it is what people who type the name come by.

Give each router TLS, and let port 80 do nothing but redirect. Traefik can redirect a whole entry point once for all; Caddy does it by itself unless a site is written with http://.`,
  references: [
    "RFC 9325, 3.2",
    "Traefik documentation, “EntryPoints”, redirection",
    "Caddy documentation, “Automatic HTTPS”",
  ],
  *find(project) {
    yield* ofTraefik(project);
    yield* ofNginx(project);
    yield* ofCaddy(project);
  },
});

function* ofTraefik(project: Project): Generator<Found> {
  const model = traefikModel(project);
  for (const router of model.routers) {
    if (isForThisMachine(router.rule)) continue;
    const plain = entryPointsOfRouter(router, model).find((entryPoint) => isPlain(model, router, entryPoint));
    if (plain === undefined) continue;
    const name = typeof plain === "string" ? plain : plain.name;
    yield {
      subject: router.subject,
      at: router.node,
      path: `traefik.http.routers.${router.name}`,
      value: [...router.entryPoints],
      message: `router ${router.name} of ${router.subject} answers on entry point ${name} without TLS, and nothing redirects there`,
      fix: routerFix(router),
    };
  }
}

function isPlain(model: TraefikModel, router: TraefikRouter, entryPoint: EntryPoint | string): boolean {
  if (router.hasTls || redirects(router, model)) return false;
  if (typeof entryPoint !== "string") {
    if (entryPoint.isTls || entryPoint.redirectsToTls || isLoopback(entryPoint.host)) return false;
    const programs = model.staticOptions.flatMap(({ container }) => container ?? []);
    return programs.length === 0 || programs.some((program) => isPublished(program, entryPoint.port));
  }
  // Its definition is elsewhere: TLS may be on for all of it, and so may a redirect where another router has TLS.
  if (/secure|https|443|tls/i.test(entryPoint)) return false;
  return !model.routers.some((other) => other.hasTls && sharesHost(other.rule, router.rule));
}

function redirects({ middlewares }: TraefikRouter, model: TraefikModel): boolean {
  return middlewares.some((name) => {
    const options = model.middlewares.get(name);
    if (options === undefined) return /redirect|https/.test(name);
    return (
      options.get("redirectscheme.scheme")?.value === "https" ||
      /^https:/.test(options.get("redirectregex.replacement")?.value ?? "")
    );
  });
}

function hostsOf(rule: string): readonly string[] {
  return [...rule.matchAll(/Host\(([^)]*)\)/gi)].flatMap(([, list = ""]) =>
    list.split(",").map((host) => host.trim().replace(/^[`"']|[`"']$/g, "")),
  );
}

function sharesHost(left: string, right: string): boolean {
  const hosts = new Set(hostsOf(left));
  return hostsOf(right).some((host) => hosts.has(host));
}

function isForThisMachine(rule: string): boolean {
  const hosts = hostsOf(rule);
  return hosts.length > 0 && hosts.every(isLoopback);
}

function routerFix({ name, container }: TraefikRouter): string {
  if (container === undefined) {
    return [
      "http:",
      "  routers:",
      `    ${name}:`,
      "      entryPoints: [websecure]",
      "      tls:",
      "        certResolver: letsencrypt",
    ].join("\n");
  }
  return [
    "labels:",
    `  - "traefik.http.routers.${name}.entrypoints=websecure"`,
    `  - "traefik.http.routers.${name}.tls.certresolver=letsencrypt"`,
    "and once, for all that still come by port 80, in Traefik's own service:",
    "command:",
    "  - --entrypoints.web.http.redirections.entrypoint.to=websecure",
    "  - --entrypoints.web.http.redirections.entrypoint.scheme=https",
  ].join("\n");
}

function* ofNginx(project: Project): Generator<Found> {
  const servers = nginxServers(project);
  for (const each of servers) {
    const { nginx, server, path, name, listens } = each;
    const plain = listens.find((listen) => !listen.isTls && isReachable(project, each, listen));
    // A server beside it that ends TLS says that this nginx is what users reach.
    const isFront = servers.some((other) => other.nginx === nginx && other.listens.some(({ isTls }) => isTls));
    const isKnown =
      isFront || servicesWithFile(project, nginx.file.path).length > 0 || project.of("compose").length === 0;
    if (plain === undefined || !isKnown || isLoopback(name) || sendsAway(server.block ?? [])) continue;
    yield {
      subject: nginx.file.path,
      at: server.location,
      path,
      value: plain.port,
      message: `server ${name} answers on port ${plain.port} without TLS, and does not redirect`,
      fix: `server {
    listen ${plain.port};
    server_name ${name === nginx.file.path ? "ldap.example.com" : name};
    return 301 https://$host$request_uri;
}`,
    };
  }
}

/** All that it answers is a redirect to https, or nothing; but for what an ACME authority asks for. */
function sendsAway(block: readonly NginxDirective[]): boolean {
  const isRedirect = ({ name, parameters: [first = "", second = "", third = ""] }: NginxDirective) =>
    (name === "return" && (/^https:/.test(second || first) || /^4\d\d$/.test(first))) ||
    (name === "rewrite" && /^https:/.test(second) && /^(?:permanent|redirect|)$/.test(third));
  if (
    block.some((directive) => isRedirect(directive) || (directive.name === "if" && directive.block?.some(isRedirect)))
  )
    return true;
  const locations = block.filter(({ name }) => name === "location");
  const others = locations.filter(
    ({ parameters }) => !parameters.some((text) => text.includes("/.well-known/acme-challenge")),
  );
  return others.length > 0 && others.every((location) => location.block?.some(isRedirect));
}

function* ofCaddy(project: Project): Generator<Found> {
  for (const { file, options, sites } of project.of("caddy")) {
    const services = servicesWithFile(project, file.path);
    const autoHttps = options.find(({ name }) => name === "auto_https")?.parameters ?? [];
    for (const { addresses, location, directives } of sites) {
      const address = addresses.find((each) => isPlainAddress(each, autoHttps));
      if (address === undefined) continue;
      const [, host = "", port = "80"] = /^(?:http:\/\/)?([^:/]*)(?::(\d+))?/.exec(address) ?? [];
      const isOut =
        services.length === 0
          ? project.of("compose").length === 0
          : services.some((each) => isPublished(each, Number(port)));
      const isRedirect = directives.some(
        ({ name, parameters }) => name === "redir" && parameters.some((text) => text.startsWith("https:")),
      );
      if (isLoopback(host) || !isOut || isRedirect) continue;
      yield {
        subject: file.path,
        at: location,
        path: addresses.join(","),
        value: [...addresses],
        message: `site ${address} answers over plain HTTP`,
        fix:
          host === ""
            ? "Write the site's name, for which Caddy gets a certificate and redirects:\nldap.example.com {"
            : `${host} {`,
      };
    }
  }
}

function isPlainAddress(address: string, autoHttps: readonly string[]): boolean {
  if (address.startsWith("https://")) return false;
  if (address.startsWith("http://") || /^:(?!443$)\d+$/.test(address)) return true;
  return autoHttps.includes("off") && !/:443$/.test(address);
}
