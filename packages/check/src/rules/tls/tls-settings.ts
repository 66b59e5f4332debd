/** What configurations say of TLS: versions, cipher suites and groups, each in the notation of its program. */
import type { Edit } from "../../engine/edit.ts";
import { onceAProject } from "../../engine/once-a-project.ts";
import type { Project } from "../../engine/project.ts";
import type { Found } from "../../engine/rule.ts";
import type { ConfigNode } from "../../inputs/config-node.ts";
import { nginxPlaces } from "../../inputs/nginx.ts";
import { ianaName, suitesOfOpensslList } from "./cipher-suites.ts";

type SettingKind = "versions" | "ciphers" | "groups";

export interface TlsSetting extends Pick<Found, "at" | "path" | "subject" | "value"> {
  readonly kind: SettingKind;
  /** As the program calls it: `ssl_protocols`. */
  readonly name: string;
  /** Versions as `TLSv1.1`, suites by the names of IANA, groups as they are written. */
  readonly values: readonly string[];
  /** The setting as it should be. */
  readonly fix: string;
  readonly edits: readonly Edit[];
}

/** From the oldest. */
export const versions = ["SSLv2", "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"] as const;

/** What is recommended: AEAD with ephemeral keys, which every client since 2014 has. */
export const goodSuites = [
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
];
const opensslList = goodSuites.join(":");
const goNames = [
  "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
  "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
  "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
  "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
];

export const tlsSettings = onceAProject((project): readonly TlsSetting[] => [
  ...nginxSettings(project),
  ...traefikSettings(project),
  ...caddySettings(project),
  ...stunnelSettings(project),
  ...espalierSettings(project),
  ...environmentSettings(project),
]);

function* nginxSettings(project: Project): Generator<TlsSetting> {
  const meanings: Readonly<Record<string, readonly [SettingKind, string]>> = {
    ssl_protocols: ["versions", "TLSv1.2 TLSv1.3"],
    ssl_ciphers: ["ciphers", opensslList],
    ssl_ecdh_curve: ["groups", "X25519:prime256v1:secp384r1"],
  };
  for (const nginx of project.of("nginx")) {
    for (const { directive, path } of nginxPlaces(nginx)) {
      const meaning = Object.hasOwn(meanings, directive.name) ? meanings[directive.name] : undefined;
      const written = directive.parameters.join(" ");
      if (meaning === undefined || /[${]/.test(written)) continue;
      const [kind, good] = meaning;
      const fix = `${directive.name} ${good};`;
      yield {
        kind,
        subject: nginx.file.path,
        name: directive.name,
        at: directive.location,
        path,
        value: written,
        values: kind === "versions" ? directive.parameters : namesOf(kind, written),
        fix,
        edits: [{ kind: "replace", at: directive.location, text: fix }],
      };
    }
  }
}

function* traefikSettings(project: Project): Generator<TlsSetting> {
  for (const { file, root } of project.of("traefik")) {
    for (const [, options] of root.get("tls", "options")?.entries() ?? []) {
      const common = { subject: file.path };
      const version = options.get("minVersion");
      if (version?.text !== undefined) {
        const [, minor = ""] = /^VersionTLS1(\d)$/.exec(version.text) ?? [];
        const values = version.text === "VersionSSL30" ? ["SSLv3"] : [minor === "0" ? "TLSv1" : `TLSv1.${minor}`];
        yield {
          ...common,
          ...ofNode(version, "minVersion", "VersionTLS12", "minVersion: VersionTLS12"),
          kind: "versions",
          values,
        };
      }
      const suites = options.get("cipherSuites");
      if (suites !== undefined) {
        const values = suites.items().flatMap(({ text }) => text ?? []);
        const fix = ["cipherSuites:", ...goNames.map((name) => `  - ${name}`)].join("\n");
        yield { ...common, ...ofNode(suites, "cipherSuites", goNames, fix), kind: "ciphers", values };
      }
      const groups = options.get("curvePreferences");
      if (groups !== undefined) {
        const values = groups.items().flatMap(({ text }) => text ?? []);
        const good = ["X25519", "CurveP256", "CurveP384"];
        const fix = ["curvePreferences:", ...good.map((name) => `  - ${name}`)].join("\n");
        yield { ...common, ...ofNode(groups, "curvePreferences", good, fix), kind: "groups", values };
      }
    }
  }
}

function* caddySettings(project: Project): Generator<TlsSetting> {
  const meanings: Readonly<Record<string, readonly [SettingKind, string]>> = {
    protocols: ["versions", "tls1.2 tls1.3"],
    ciphers: ["ciphers", goNames.join(" ")],
    curves: ["groups", "x25519 secp256r1 secp384r1"],
  };
  for (const { file, sites } of project.of("caddy")) {
    for (const { addresses, directives } of sites) {
      for (const setting of directives.filter(({ name }) => name === "tls").flatMap(({ block = [] }) => block)) {
        const meaning = Object.hasOwn(meanings, setting.name) ? meanings[setting.name] : undefined;
        if (meaning === undefined) continue;
        const [kind, good] = meaning;
        const { parameters, location } = setting;
        const fix = `${setting.name} ${good}`;
        yield {
          kind,
          subject: file.path,
          name: `tls ${setting.name}`,
          at: location,
          path: `${addresses.join(",")}.tls.${setting.name}`,
          value: parameters.join(" "),
          values: kind === "versions" ? parameters.map((name) => name.replace(/^tls/, "TLSv")) : parameters,
          fix,
          edits: [{ kind: "replace", at: location, text: fix }],
        };
      }
    }
  }
}

function* stunnelSettings(project: Project): Generator<TlsSetting> {
  for (const { file, sections } of project.of("stunnel")) {
    for (const { name: section, options } of sections) {
      for (const { name, value, location } of options) {
        const common = {
          subject: file.path,
          name,
          at: location,
          path: `${section === "" ? "" : `${section}.`}${name}`,
          value,
        };
        const corrected = (good: string, called = name) => ({
          fix: `${called} = ${good}`,
          edits: [{ kind: "replace" as const, at: location, text: good }],
        });
        if (name === "sslVersion" && value !== "all") {
          // It names the only version that is spoken.
          yield { ...common, ...corrected("TLSv1.2"), kind: "versions", values: [value] };
        } else if (name === "sslVersionMin") {
          yield { ...common, ...corrected("TLSv1.2"), kind: "versions", values: [value === "all" ? "SSLv3" : value] };
        } else if (name === "ciphers") {
          yield { ...common, ...corrected(opensslList), kind: "ciphers", values: namesOf("ciphers", value) };
        } else if (name === "curves" || name === "curve") {
          const good = name === "curve" ? "prime256v1" : "X25519:P-256:P-384";
          yield { ...common, ...corrected(good), kind: "groups", values: namesOf("groups", value) };
        }
      }
    }
  }
}

function* espalierSettings(project: Project): Generator<TlsSetting> {
  for (const { file, root } of project.of("espalier")) {
    for (const section of ["gateway", "proxy"]) {
      const version = root.get(section, "tls", "minVersion");
      if (version?.text !== undefined && !version.text.includes("${")) {
        const common = ofNode(version, `${section}.tls.minVersion`, "TLSv1.2", "minVersion: TLSv1.2");
        yield { ...common, subject: file.path, kind: "versions", values: [version.text] };
      }
      const ciphers = root.get(section, "tls", "ciphers");
      if (ciphers?.text !== undefined && !ciphers.text.includes("${")) {
        const common = ofNode(ciphers, `${section}.tls.ciphers`, opensslList, `ciphers: ${opensslList}`);
        yield { ...common, subject: file.path, kind: "ciphers", values: namesOf("ciphers", ciphers.text) };
      }
    }
  }
}

/** Of services that take their TLS from variables: this gateway and the one it replaces, and OpenLDAP's image. */
function* environmentSettings(project: Project): Generator<TlsSetting> {
  for (const { services } of project.of("compose")) {
    for (const service of services) {
      for (const { name, value, node, location } of service.environment) {
        if (value === undefined || value === "") continue;
        const common = {
          subject: service.name,
          name,
          at: node ?? location,
          path: `${service.node.pathText}.environment.${name}`,
          value,
        };
        const corrected = (good: string) => ({ fix: `${name}: ${JSON.stringify(good)}`, edits: [] });
        if (name === "TLS_MIN_VERSION") {
          yield { ...common, ...corrected("TLSv1.2"), kind: "versions", values: [value] };
        } else if (name === "LDAP_TLS_PROTOCOL_MIN") {
          // slapd.conf(5), TLSProtocolMin: 3.1 is TLS 1.0.
          const [, minor = "0"] = /^3\.(\d)$/.exec(value) ?? [];
          yield { ...common, ...corrected("3.3"), kind: "versions", values: [versions[Number(minor) + 1] ?? value] };
        } else if (name === "TLS_CIPHERS") {
          yield { ...common, ...corrected(opensslList), kind: "ciphers", values: namesOf("ciphers", value) };
        }
      }
    }
  }
}

function ofNode(node: ConfigNode, name: string, good: string | string[], fix: string) {
  const edit = { kind: "set" as const, file: node.location.file, path: node.sourcePath, value: good };
  return { name, at: node, path: node.pathText, value: node.value, fix, edits: [edit] };
}

/** `auto` leaves groups to OpenSSL. */
function namesOf(kind: SettingKind, written: string): readonly string[] {
  if (kind === "groups") return written === "auto" ? [] : written.split(/[:,\s]+/);
  const named13 = written.split(":").filter((name) => name.startsWith("TLS_"));
  return [...suitesOfOpensslList(written).map(({ name }) => name), ...named13.flatMap((name) => ianaName(name) ?? [])];
}
