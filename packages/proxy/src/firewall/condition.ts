/** One condition of a rule, made ready to be asked about requests. */
import { BlockList, isIP } from "node:net";
import { isWithin, normalizedParent, type SearchScope } from "@espalier/ldap";
import { schema, superiorsOf, withSubtypes } from "../frame/attribute-key.ts";
import { addNetwork } from "../network.ts";
import { KnownShapes } from "./known-shapes.ts";
import { normalizedName } from "./normalized-name.ts";
import type { RequestFacts } from "./request-facts.ts";
import type { RuleCondition } from "./rule.ts";

/** Whether it is enough that one of several things of a request fits, or may fit, or whether all must: see `RuleCondition`. */
export type Reading = "any" | "all";

type Test = (facts: RequestFacts, isEncrypted: boolean) => boolean;

/** Asks what is cheap first. @throws RangeError with a sentence for the administrator, for a value that is not of its kind. */
export function compileCondition(condition: RuleCondition, reading: Reading): Test {
  const { tls, listeners, from, boundAs, scope, oids, base, attributes, filter } = condition;
  const tests: Test[] = [];
  if (tls !== undefined) tests.push((_, isEncrypted) => isEncrypted === tls);
  if (listeners !== undefined) tests.push(({ client }) => listeners.includes(client.listener));
  if (from !== undefined) tests.push(fromNetworks(from));
  if (boundAs !== undefined) tests.push(boundWithin(boundAs, reading));
  if (scope !== undefined) tests.push(withScope(scope));
  if (oids !== undefined) tests.push(withOids(new Set(oids), reading));
  if (base !== undefined) tests.push(reading === "any" ? reachesInto(base) : staysWithin(base));
  if (attributes !== undefined) tests.push(reading === "any" ? mayName(attributes) : namesOnly(attributes));
  if (filter !== undefined) tests.push(reading === "any" ? hasShape(filter) : hasOnlyShapes(filter));
  return (facts, isEncrypted) => tests.every((test) => test(facts, isEncrypted));
}

function fromNetworks(networks: readonly string[]): Test {
  const list = new BlockList();
  for (const text of networks) {
    if (!addNetwork(list, text)) throw new RangeError(`"${text}" is not an address or a network such as 10.0.0.0/8.`);
  }
  return ({ client }) => {
    const version = isIP(client.address);
    return version !== 0 && list.check(client.address, version === 4 ? "ipv4" : "ipv6");
  };
}

function boundWithin(names: readonly string[], reading: Reading): Test {
  const dns = normalizedNames(names.filter((name) => name !== ""));
  const hasAnonymous = names.includes("");
  return ({ boundAs }) => {
    if (boundAs === "") return hasAnonymous;
    if (dns.length === 0) return false;
    const name = normalizedName(boundAs);
    return name === undefined ? reading === "any" : dns.some((dn) => isWithin(name, dn));
  };
}

const scopeNames: Readonly<Record<SearchScope, "base" | "one" | "sub">> = {
  baseObject: "base",
  singleLevel: "one",
  wholeSubtree: "sub",
};

function withScope(scopes: readonly string[]): Test {
  return ({ scope }) => scope !== undefined && scopes.includes(scopeNames[scope]);
}

function withOids(oids: ReadonlySet<string>, reading: Reading): Test {
  if (reading === "any") return (facts) => facts.oids.some((oid) => oids.has(oid));
  return (facts) => facts.oids.length > 0 && facts.oids.every((oid) => oids.has(oid));
}

/** Letter case is left out of account: a backend may know an attribute as caseless that the schema here does not have. */
function reachesInto(names: readonly string[]): Test {
  const bases = normalizedNames(names).map((name) => name.toLowerCase());
  return ({ entries, reach }) =>
    entries.some((name) => {
      if (name === undefined) return true;
      const entry = name.toLowerCase();
      return bases.some((base) => {
        if (isWithin(entry, base)) return true;
        if (reach === "entry") return false;
        return reach === "children" ? normalizedParent(base) === entry : isWithin(base, entry);
      });
    });
}

function staysWithin(names: readonly string[]): Test {
  const bases = normalizedNames(names);
  return ({ entries }) =>
    entries.length > 0 && entries.every((entry) => entry !== undefined && bases.some((base) => isWithin(entry, base)));
}

function mayName(types: readonly string[]): Test {
  const keys = new Set([...withSubtypes(types), ...superiorsOf(types)]);
  const known = types.map((type) => schema.attribute(type)?.isOperational);
  const anyUser = known.some((isOperational) => isOperational !== true);
  const anyOperational = known.some((isOperational) => isOperational !== false);
  return ({ attributes }) =>
    (attributes.allUser && anyUser) ||
    (attributes.allOperational && anyOperational) ||
    [...attributes.keys].some((key) => keys.has(key));
}

function namesOnly(types: readonly string[]): Test {
  const keys = withSubtypes(types);
  return ({ attributes: { keys: named, allUser, allOperational } }) =>
    !allUser && !allOperational && named.size > 0 && [...named].every((key) => keys.has(key));
}

/** The filter, or a filter in it, has one of the shapes. */
function hasShape(shapes: readonly string[]): Test {
  const known = new KnownShapes(shapes);
  return ({ filter }) => filter !== undefined && known.occursIn(filter);
}

/** The filter has one of the shapes, or is an `and` or `or` of filters that have. */
function hasOnlyShapes(shapes: readonly string[]): Test {
  const known = new KnownShapes(shapes);
  return ({ filter }) => filter !== undefined && known.makeUp(filter);
}

function normalizedNames(names: readonly string[]): readonly string[] {
  return names.map((name) => {
    const normalized = normalizedName(name);
    if (normalized === undefined) throw new RangeError(`"${name}" is not a DN such as ou=people,dc=example,dc=com.`);
    return normalized;
  });
}
