import type { Project } from "../../engine/project.ts";
import { defineRule, type Found } from "../../engine/rule.ts";
import type { CaddyDirective } from "../../inputs/caddy.ts";
import type { NginxDirective } from "../../inputs/nginx.ts";
import { scrapedTargets } from "../observability/scraped-targets.ts";
import { isLoopback, isPublished } from "./hosts.ts";
import { inherited, isReachable, nginxServers } from "./nginx-servers.ts";
import {
  entryPointsOfRouter,
  isGuarded,
  type TraefikModel,
  type TraefikRouter,
  traefikModel,
} from "./traefik-model.ts";

export const web004 = defineRule({
  id: "WEB004",
  title: "metrics or administration can be reached by everybody",
  severity: "high",
  profile: "production",
  reads: ["compose", "traefik", "nginx", "caddy", "prometheus"],
  fix: "none",
  explanation: `Metrics name users, hosts, versions and how much goes on; pages of administration are where passwords are guessed. Neither is for the world.

Let metrics answer on a listener of their own (Espalier's is 127.0.0.1:9400) that only Prometheus reaches. Where one port serves both, take the path out of the public router. Put administration behind the login of an authentication proxy, or behind addresses that are allowed.`,
  references: [
    "Prometheus documentation, “Security model”",
    "Traefik documentation, “Dashboard”, secure mode",
    "OWASP Web Security Testing Guide, 4.2.5",
  ],
  *find(project) {
    yield* ofTraefik(project);
    yield* ofNginx(project);
    yield* ofCaddy(project);
  },
});

/** Paths at which programs are known to show what is nobody's business. */
const sensitive =
  /^(?:\/metrics|\/prometheus|\/debug\/pprof|\/actuator|\/server-status|\/nginx_status|\/stub_status|\/basic_status|\/admin|\/phpmyadmin|\/adminer|\/phpldapadmin|\/lam)(?:$|[/*])/i;

function* ofTraefik(project: Project): Generator<Found> {
  const model = traefikModel(project);
  for (const router of model.routers) {
    if (!isPublic(router, model) || isGuarded(router, model)) continue;
    const common = {
      subject: router.subject,
      at: router.node,
      path: `traefik.http.routers.${router.name}.public`,
      value: router.rule,
    };
    const [path] = pathsOf(router.rule).filter((each) => sensitive.test(each));
    if (router.service?.toLowerCase() === "api@internal") {
      yield {
        ...common,
        message: `router ${router.name} of ${router.subject} shows Traefik's dashboard to everybody`,
        fix: guardFix(router),
      };
    } else if (path !== undefined) {
      yield {
        ...common,
        message: `router ${router.name} of ${router.subject} shows ${path} to everybody`,
        fix: guardFix(router),
      };
    } else {
      const target = scrapedThrough(project, router);
      if (target === undefined) continue;
      yield {
        ...common,
        message: `router ${router.name} of ${router.subject} shows ${target.metricsPath} to everybody: Prometheus reads it from the port that the router serves`,
        fix: `Let metrics answer on a port of their own, or take the path out of the router:
labels:
  - "traefik.http.routers.${router.name}.rule=${router.rule === "" ? "Host(`ldap.example.com`)" : router.rule} && !PathPrefix(\`${target.metricsPath}\`)"`,
      };
    }
  }
  yield* insecureApi(model);
}

function isPublic(router: TraefikRouter, model: TraefikModel): boolean {
  const entryPoints = entryPointsOfRouter(router, model);
  return entryPoints.length === 0 || entryPoints.some((each) => typeof each === "string" || !isLoopback(each.host));
}

/** The paths that a rule asks for; what it excludes is none of them. */
function pathsOf(rule: string): readonly string[] {
  return [...rule.matchAll(/(!?)\s*Path(?:Prefix)?\(([^)]*)\)/gi)].flatMap(([, not, list = ""]) =>
    not === "!" ? [] : list.split(",").map((path) => path.trim().replace(/^[`"']|[`"']$/g, "")),
  );
}

function scrapedThrough(project: Project, { container, port, rule }: TraefikRouter) {
  if (container === undefined) return undefined;
  const wanted = pathsOf(rule);
  return scrapedTargets(project).find((target) => {
    const isSamePort = port === undefined ? false : target.port === port;
    const isWithin = wanted.length === 0 || wanted.some((path) => target.metricsPath.startsWith(path));
    return target.host === container.name && isSamePort && isWithin && !rule.includes(target.metricsPath);
  });
}

function guardFix({ name, container }: TraefikRouter): string {
  const label = `traefik.http.routers.${name}.middlewares`;
  return container === undefined
    ? `Give router ${name} a middleware that asks who it is (forwardAuth, basicAuth) or where from (ipAllowList).`
    : `labels:
  - "traefik.http.middlewares.inside.ipallowlist.sourcerange=127.0.0.1/32,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16"
  - "${label}=inside"
or, with an authentication proxy: - "${label}=authelia@docker"`;
}

function* insecureApi({ staticOptions }: TraefikModel): Generator<Found> {
  for (const { name, value, node, subject, container } of staticOptions) {
    if (name !== "api.insecure" || value === "false") continue;
    if (container !== undefined && !isPublished(container, 8080)) continue;
    yield {
      subject,
      at: node,
      path: "api.insecure",
      value,
      message: `${subject} shows Traefik's dashboard on port 8080 to everybody`,
      fix: "Take api.insecure out, and give the dashboard a router with TLS and a middleware that asks who it is.",
    };
  }
}

function* ofNginx(project: Project): Generator<Found> {
  const targets = scrapedTargets(project);
  for (const each of nginxServers(project)) {
    const { nginx, server, path, name, around } = each;
    if (!each.listens.some((listen) => isReachable(project, each, listen))) continue;
    const body = server.block ?? [];
    const locations = body.filter((directive) => directive.name === "location");
    for (const location of locations) {
      const prefix = prefixOf(location);
      const inner = location.block ?? [];
      const isStatus = inner.some((directive) => directive.name === "stub_status");
      if (!(isStatus || sensitive.test(prefix)) || isNginxGuarded([...around, body, inner])) continue;
      yield {
        subject: nginx.file.path,
        at: location.location,
        path: `${path}.location[${location.parameters.join(" ")}]`,
        value: prefix,
        message: `${name} (${nginx.file.path}) shows ${prefix} to everybody`,
        fix: `location ${location.parameters.join(" ")} {
    allow 127.0.0.1;
    allow 10.0.0.0/8;
    deny all;`,
      };
    }
    const root = locations.find((location) => prefixOf(location) === "/");
    const address = (root?.block ?? body).find((directive) => directive.name === "proxy_pass")?.parameters[0] ?? "";
    const [, host, port] = /^https?:\/\/([^:/]+):(\d+)\/?$/.exec(address) ?? [];
    const target = targets.find((candidate) => candidate.host === host && candidate.port === Number(port));
    if (root === undefined || target === undefined || isNginxGuarded([...around, body, root.block ?? []])) continue;
    if (locations.some((location) => prefixOf(location) !== "/" && target.metricsPath.startsWith(prefixOf(location))))
      continue;
    yield {
      subject: nginx.file.path,
      at: root.location,
      path: `${path}.location[${target.metricsPath}]`,
      value: address,
      message: `${name} (${nginx.file.path}) shows ${target.metricsPath} of ${host} to everybody: Prometheus reads it from the port that this server passes on`,
      fix: `location ${target.metricsPath} { return 404; }`,
    };
  }
}

function prefixOf({ parameters }: NginxDirective): string {
  const text = parameters.at(-1) ?? "";
  return parameters[0]?.startsWith("~") ? text.replace(/^\^/, "").replace(/\$$/, "") : text;
}

function isNginxGuarded(blocks: readonly (readonly NginxDirective[])[]): boolean {
  const has = (name: string, isOff: (value: string) => boolean) => {
    const found = inherited(name, blocks);
    return found.length > 0 && !found.every(({ parameters: [value = ""] }) => isOff(value));
  };
  const last = blocks.at(-1) ?? [];
  return (
    has("deny", () => false) ||
    has("auth_basic", (value) => value === "off") ||
    has("auth_request", (value) => value === "off") ||
    has("ssl_verify_client", (value) => value === "off" || value === "optional_no_ca") ||
    last.some(
      ({ name, parameters: [value = ""] }) => name === "internal" || (name === "return" && /^(?:3|4)\d\d$/.test(value)),
    )
  );
}

function* ofCaddy(project: Project): Generator<Found> {
  for (const { file, options, sites } of project.of("caddy")) {
    for (const { name, parameters, location } of options) {
      const [address = ""] = parameters;
      if (
        name !== "admin" ||
        address === "off" ||
        address.startsWith("unix/") ||
        isLoopback(address.replace(/:\d+$/, ""))
      )
        continue;
      yield {
        subject: file.path,
        at: location,
        path: "admin",
        value: address,
        message: `${file.path} lets everybody who reaches ${address} change Caddy's configuration`,
        fix: "admin localhost:2019",
      };
    }
    for (const { addresses, directives } of sites) {
      if (addresses.every((address) => isLoopback(address.replace(/^https?:\/\//, "").replace(/:\d+$/, "")))) continue;
      if (isCaddyGuarded(directives)) continue;
      for (const { path, location } of caddyPaths(directives)) {
        yield {
          subject: file.path,
          at: location,
          path: `${addresses.join(",")}.${path}`,
          value: path,
          message: `${addresses[0]} (${file.path}) shows ${path} to everybody`,
          fix: `@inside remote_ip private_ranges\nhandle ${path}* {\n    abort\n}\nwith the handler inside of \`handle @inside\`, or on a site that only Prometheus reaches`,
        };
      }
    }
  }
}

/** Somewhere in it somebody is asked who they are or where from: for what, only a person can tell. */
function isCaddyGuarded(directives: readonly CaddyDirective[]): boolean {
  return directives.some(
    ({ name, parameters, block = [] }) =>
      /^(?:basic_?auth|forward_auth|authorize|authenticate)$/.test(name) ||
      /^(?:remote_ip|client_ip)$/.test(name) ||
      (name.startsWith("@") && parameters.some((text) => /^(?:remote_ip|client_ip)$/.test(text))) ||
      isCaddyGuarded(block),
  );
}

function caddyPaths(
  directives: readonly CaddyDirective[],
): readonly { path: string; location: CaddyDirective["location"] }[] {
  return directives.flatMap(({ name, parameters, location, block = [] }) => {
    const [first = ""] = parameters;
    const path = name === "metrics" ? (first.startsWith("/") ? first : "/metrics") : first;
    const isClosed =
      name === "respond" ||
      name === "error" ||
      name === "redir" ||
      block.some((inner) => /^(?:respond|abort|error)$/.test(inner.name));
    if (sensitive.test(path) && !isClosed) return [{ path: path.replace(/\*$/, ""), location }];
    return caddyPaths(block);
  });
}
