import type { Project } from "../../engine/project.ts";
import { defineRule, type Found } from "../../engine/rule.ts";
import { nginxPlaces } from "../../inputs/nginx.ts";
import { headersOf } from "./caddy-headers.ts";
import { variables } from "./compose-environment.ts";
import { traefikModel } from "./traefik-model.ts";

export const web001 = defineRule({
  id: "WEB001",
  title: "pages of strangers may use the service",
  severity: "critical",
  profile: "lab",
  reads: ["compose", "dotenv", "traefik", "nginx", "caddy", "espalier"],
  fix: "none",
  explanation: `Access-Control-Allow-Origin names the sites whose pages may read answers. With \`*\`, or with whatever origin the request names, every page that a user opens may read them; together with credentials it reads and changes what that user may.

An origin of http:// can be taken over by whoever sits on the network, and one of localhost by any program on the user's machine: they belong into development alone. List the origins that need it, with https.`,
  references: ["Fetch Standard, 3.2, CORS protocol", "OWASP Web Security Testing Guide, 4.11.7"],
  *find(project, { profile }) {
    for (const { origins, withCredentials, what, ...place } of corsSettings(project)) {
      const judged = origins.map((origin) => ({ origin, fault: faultOf(origin, withCredentials) }));
      const faulty = judged.filter(({ fault }) => fault !== undefined && (profile !== "lab" || fault.isCritical));
      if (faulty.length === 0) continue;
      const isCritical = faulty.some(({ fault }) => fault?.isCritical);
      const good = judged.filter(({ fault }) => fault === undefined).map(({ origin }) => origin);
      yield {
        ...place,
        severity: isCritical ? "critical" : "high",
        message: `${what} lets ${[...new Set(faulty.map(({ fault }) => fault?.text))].join(", and ")}`,
        value: faulty.map(({ origin }) => origin),
        fix: `List just the origins that need it, with https: ${good.length > 0 ? good.join(",") : "https://ldap.example.com"}`,
      };
    }
  },
});

interface CorsSetting extends Pick<Found, "subject" | "at" | "path"> {
  /** What lets them: `ALLOWED_ORIGINS of api`. */
  readonly what: string;
  readonly origins: readonly string[];
  readonly withCredentials: boolean;
}

/** Whatever origin a request names, in the notation of nginx and Caddy. */
const reflected = "(the request's)";

function faultOf(origin: string, withCredentials: boolean): { text: string; isCritical: boolean } | undefined {
  const credentials = withCredentials ? " with the user's credentials" : "";
  if (origin === "*" || origin === reflected) {
    const how = origin === "*" ? "(*)" : "(it repeats the origin of the request)";
    return { text: `pages of every site ${how} read its answers${credentials}`, isCritical: withCredentials };
  }
  const isLocal = /^https?:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/i.test(origin);
  if (isLocal)
    return { text: `pages of ${origin}, of any program there, read its answers${credentials}`, isCritical: false };
  if (/^http:\/\//i.test(origin)) {
    return {
      text: `pages of ${origin}, which anybody on the network can change, read its answers${credentials}`,
      isCritical: false,
    };
  }
  return undefined;
}

function* corsSettings(project: Project): Generator<CorsSetting> {
  yield* ofVariables(project);
  yield* ofTraefik(project);
  yield* ofNginx(project);
  yield* ofCaddy(project);
  for (const { file, root } of project.of("espalier")) {
    const list = root.get("manager", "allowedOrigins");
    if (list === undefined) continue;
    const origins = list.kind === "list" ? list.items().flatMap(({ text }) => text ?? []) : splitList(list.text ?? "");
    const what = `manager.allowedOrigins of ${file.path}`;
    // Its sessions are cookies.
    yield { subject: file.path, at: list, path: list.pathText, what, origins, withCredentials: true };
  }
}

const originNames = /^(?:[A-Z0-9]+_)*(?:ALLOWED_ORIGINS?|CORS_ORIGINS?|CORS_ALLOW(?:ED)?_ORIGINS?|ALLOW_ORIGINS?)$/;

function* ofVariables(project: Project): Generator<CorsSetting> {
  for (const { name, value, beside, ...place } of variables(project, (each) => originNames.test(each))) {
    const withCredentials = [...beside].some(
      ([other, text]) => /CORS.*CREDENTIALS/.test(other) && /^(?:true|1|yes)$/i.test(text),
    );
    yield { ...place, what: `${name} of ${place.subject}`, origins: splitList(value), withCredentials };
  }
}

function* ofTraefik(project: Project): Generator<CorsSetting> {
  const { middlewares } = traefikModel(project);
  for (const [name, options] of middlewares) {
    const withCredentials = options.get("headers.accesscontrolallowcredentials")?.value === "true";
    const list = options.get("headers.accesscontrolalloworiginlist");
    const regex = options.get("headers.accesscontrolalloworiginlistregex");
    const custom = options.get("headers.customresponseheaders.access-control-allow-origin");
    for (const option of [list, regex, custom]) {
      if (option === undefined) continue;
      const isAny = option === regex && /^\^?(?:https?:\/\/)?\(?\.[*+]\)?\$?$/.test(option.value);
      yield {
        subject: name,
        at: option.node,
        path: option.node.pathText,
        what: `middleware ${name}`,
        origins: isAny ? [reflected] : option === regex ? [] : splitList(option.value),
        withCredentials,
      };
    }
  }
}

function* ofNginx(project: Project): Generator<CorsSetting> {
  for (const nginx of project.of("nginx")) {
    for (const { directive, path, blocks } of nginxPlaces(nginx)) {
      const [header = "", value = ""] = directive.parameters;
      if (directive.name !== "add_header" || !/^access-control-allow-origin$/i.test(header)) continue;
      const isReflected = /^\$http_origin$/.test(value);
      // Within an `if` it was compared with what is allowed.
      if (isReflected && blocks.some(({ name }) => name === "if")) continue;
      if (value.startsWith("$") && !isReflected) continue;
      const siblings = blocks.at(-1)?.block ?? nginx.directives;
      const withCredentials = siblings.some(
        ({ name, parameters: [other = "", allowed = ""] }) =>
          name === "add_header" && /^access-control-allow-credentials$/i.test(other) && /^true$/i.test(allowed),
      );
      const what = `Access-Control-Allow-Origin in ${nginx.file.path}`;
      const origins = isReflected ? [reflected] : [value];
      yield {
        subject: nginx.file.path,
        at: directive.location,
        path: `${path}[${header}]`,
        what,
        origins,
        withCredentials,
      };
    }
  }
}

function* ofCaddy(project: Project): Generator<CorsSetting> {
  for (const { file, sites } of project.of("caddy")) {
    for (const { addresses, directives } of sites) {
      const headers = headersOf(directives);
      const withCredentials = headers.some(
        ({ name, value }) => name === "access-control-allow-credentials" && value === "true",
      );
      for (const { name, value, location } of headers) {
        if (name !== "access-control-allow-origin") continue;
        const origins = /^\{(?:header|http\.request\.header)\.Origin\}$/i.test(value) ? [reflected] : [value];
        const path = `${addresses.join(",")}.header.Access-Control-Allow-Origin`;
        yield {
          subject: file.path,
          at: location,
          path,
          what: `Access-Control-Allow-Origin of ${addresses[0]}`,
          origins,
          withCredentials,
        };
      }
    }
  }
}

function splitList(text: string): readonly string[] {
  return text
    .replace(/^\[(.*)\]$/, "$1")
    .split(/[,\s]+/)
    .map((item) => item.replace(/^["']|["']$/g, ""))
    .filter((item) => item !== "");
}
