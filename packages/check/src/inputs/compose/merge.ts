/** Merges compose files and services as the compose specification's chapters Merge and Extends say. */
import { type ConfigNode, formatPath, type Key } from "../config-node.ts";
import { InputError } from "../source-file.ts";
import { splitAssignment } from "./environment.ts";
import type { References } from "./fill-in.ts";
import { pattern } from "./pattern.ts";

/** Which of two maps that become one is where a new key of it would be written. */
type Home = "base" | "override";

type Merge = (base: ConfigNode, override: ConfigNode, path: readonly Key[]) => ConfigNode;

export class Merger {
  readonly #references: References;
  readonly #home: Home;

  constructor(references: References, home: Home) {
    this.#references = references;
    this.#home = home;
  }

  /** @param path where both are in the model. @throws {InputError} where one is a map and the other is not. */
  merge(base: ConfigNode, override: ConfigNode, path: readonly Key[]): ConfigNode {
    if (override.tag === "!override") return withoutReset(override);
    const special = this.#special(pattern(path));
    if (special !== undefined) return special(base, override, path);
    return this.#plain(base, override, path);
  }

  #plain: Merge = (base, override, path) => {
    if (base.kind === "map" && override.kind === "map") return this.#maps(base, override, path);
    if (base.kind === "list" && override.kind === "list") return this.#append(base, override, path);
    if (override.content === null && base.kind !== "scalar") return base;
    if (base.kind !== override.kind && base.content !== null) {
      const names = { map: "a map", list: "a list", scalar: "a single value" };
      const there = `${names[base.kind]} in ${base.location.file}, line ${base.location.line}`;
      throw new InputError(
        `${formatPath(path)} is ${there}, and ${names[override.kind]} here: they cannot be merged`,
        override.location,
      );
    }
    return withoutReset(override);
  };

  #maps: Merge = (base, override, path) => {
    const members = new Map(base.entries());
    for (const [name, member] of override.entries()) {
      const existing = members.get(name);
      if (member.tag === "!reset") members.delete(name);
      else if (existing === undefined) members.set(name, withoutReset(member));
      else members.set(name, this.merge(existing, member, [...path, name]));
    }
    return (this.#home === "base" ? base : override).with({ content: members, tag: undefined });
  };

  /** What a list of a service has already is not added: the schema allows most of them an item only once. */
  #append: Merge = (base, override, path) => {
    const known = new Set(path[0] === "services" ? base.items().map(({ text }) => text) : []);
    const added = withoutReset(override)
      .items()
      .filter(({ text }) => text === undefined || !known.has(text));
    return (this.#home === "base" ? base : override).with({ content: [...base.items(), ...added], tag: undefined });
  };

  #replace: Merge = (_, override) => withoutReset(override);

  /** Maps of names and values, which may be lists of `NAME=value` as well. */
  #assignments: Merge = (base, override, path) => {
    if (base.kind === "list" && override.kind === "list") return this.#append(base, override, path);
    return this.#plain(this.#assignmentsAsMap(base), this.#assignmentsAsMap(override), path);
  };

  /** Lists that may be a single value as well. */
  #listed: Merge = (base, override, path) => this.#plain(asList(base), asList(override), path);

  /** Maps by name that may be lists of names as well. */
  #named: Merge = (base, override, path) => {
    if (base.kind === "list" && override.kind === "list") return this.#append(base, override, path);
    return this.#plain(namesAsMap(base, path), namesAsMap(override, path), path);
  };

  #build: Merge = (base, override, path) => this.#plain(contextAsMap(base), contextAsMap(override), path);

  /** Options belong to a driver: those of another are not kept. */
  #logging: Merge = (base, override, path) => {
    const [before, after] = [base.get("driver")?.text, override.get("driver")?.text];
    const isOther = before !== undefined && after !== undefined && before !== after;
    return isOther ? withoutReset(override) : this.#plain(base, override, path);
  };

  /** One limit for both, or a soft and a hard one. */
  #ulimit: Merge = (base, override, path) =>
    base.kind === "map" && override.kind === "map" ? this.#maps(base, override, path) : withoutReset(override);

  #subnets: Merge = (base, override, path) => {
    const merged = [...base.items()];
    for (const item of override.items()) {
      const index = merged.findIndex((each) => each.get("subnet")?.text === item.get("subnet")?.text);
      const existing = merged[index];
      if (existing === undefined) merged.push(item);
      else merged[index] = this.#plain(existing, item, [...path, index]);
    }
    return base.with({ content: merged });
  };

  #special(path: string): Merge | undefined {
    switch (path) {
      case "services.*.command":
      case "services.*.entrypoint":
      case "services.*.healthcheck.test":
        return this.#replace;
      case "services.*.annotations":
      case "services.*.build.additional_contexts":
      case "services.*.build.args":
      case "services.*.build.extra_hosts":
      case "services.*.build.labels":
      case "services.*.deploy.labels":
      case "services.*.environment":
      case "services.*.extra_hosts":
      case "services.*.labels":
      case "services.*.sysctls":
      case "networks.*.labels":
      case "volumes.*.labels":
        return this.#assignments;
      case "services.*.dns":
      case "services.*.dns_opt":
      case "services.*.dns_search":
      case "services.*.env_file":
      case "services.*.label_file":
      case "services.*.tmpfs":
        return this.#listed;
      case "services.*.depends_on":
      case "services.*.models":
      case "services.*.networks":
        return this.#named;
      case "services.*.build":
        return this.#build;
      case "services.*.logging":
        return this.#logging;
      case "services.*.ulimits.*":
        return this.#ulimit;
      case "networks.*.ipam.config":
        return this.#subnets;
      default:
        return undefined;
    }
  }

  #assignmentsAsMap(node: ConfigNode): ConfigNode {
    if (node.kind !== "list") return node;
    const members = node.items().map((item) => {
      const [name, value = null] = splitAssignment(item.text ?? "");
      const member = item.with({ content: value, written: splitAssignment(item.written ?? "")[1] });
      this.#references.set(member, this.#references.get(item) ?? []);
      return [name, member] as const;
    });
    return node.with({ content: new Map(members) });
  }
}

function asList(node: ConfigNode): ConfigNode {
  return node.kind === "scalar" && node.content !== null ? node.with({ content: [node] }) : node;
}

function namesAsMap(node: ConfigNode, path: readonly Key[]): ConfigNode {
  if (node.kind !== "list") return node;
  const isDependency = path.at(-1) === "depends_on";
  const members = node.items().map((item) => {
    const condition = item.with({ content: "service_started", written: "service_started" });
    const content = isDependency ? new Map([["condition", condition]]) : null;
    return [item.text ?? "", item.with({ content, written: undefined, keyLocation: item.location })] as const;
  });
  return node.with({ content: new Map(members) });
}

function contextAsMap(node: ConfigNode): ConfigNode {
  return node.kind === "scalar" && node.content !== null ? node.with({ content: new Map([["context", node]]) }) : node;
}

/** A value on its own: what is to be reset in what it overrides has nothing to reset. */
export function withoutReset(node: ConfigNode): ConfigNode {
  const { content } = node;
  if (content instanceof Map) {
    const members = node.entries().filter(([, { tag }]) => tag !== "!reset");
    const cleaned = members.map(([name, member]) => [name, withoutReset(member)] as const);
    const isSame = cleaned.length === content.size && cleaned.every(([name, member]) => content.get(name) === member);
    return isSame ? node : node.with({ content: new Map(cleaned) });
  }
  if (Array.isArray(content)) {
    const cleaned = node
      .items()
      .filter(({ tag }) => tag !== "!reset")
      .map(withoutReset);
    const isSame = cleaned.length === content.length && cleaned.every((item, index) => content[index] === item);
    return isSame ? node : node.with({ content: cleaned });
  }
  return node;
}
