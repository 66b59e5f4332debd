/** Which operations clients may send at all, decided from the request before a backend is asked. */
import { ResultCode } from "@espalier/ldap";
import { operationName } from "../observe/operation-name.ts";
import { compileCondition } from "./condition.ts";
import { RequestFacts } from "./request-facts.ts";
import type {
  FirewallDecision,
  FirewallOptions,
  FirewallRequest,
  FirewallRule,
  RuleCondition,
  RuleOperation,
} from "./rule.ts";

const allowed: FirewallDecision = { allow: true };

const refusedText = "A rule of this proxy forbids the operation; ask its administrator.";
const inClearText = "This needs an encrypted connection: send StartTLS first, or use ldaps.";
const readOnlyText = "This proxy takes no changes; send them to the directory server itself.";

interface CompiledRule {
  readonly name: string;
  readonly allows: boolean;
  readonly refusedText: string;
  appliesTo(facts: RequestFacts, isEncrypted: boolean): boolean;
}

export class Firewall {
  #rules: readonly CompiledRule[] = [];
  #needsDecode = false;

  /** @throws RangeError with a sentence for the administrator, for a rule with a network, DN or shape that is none. */
  constructor(options: FirewallOptions) {
    this.setRules(options);
  }

  /** Whether any rule looks into the request: everything else is decided from its tag and its client. */
  get needsDecode(): boolean {
    return this.#needsDecode;
  }

  /** Others from now on, also for clients that are connected. @throws RangeError as the constructor; nothing has changed then. */
  setRules({ rules, readOnly, requireConfidentiality }: FirewallOptions): void {
    this.#rules = [
      ...(requireConfidentiality ? [confidentialityRequired] : []),
      ...(readOnly ? [noChanges] : []),
      ...rules.map(compileRule),
    ];
    this.#needsDecode = rules.some((rule) => looksInside(rule) || looksInside(rule.unless ?? {}));
  }

  /** @throws ParseError for a request that cannot be read as far as the rules ask about it: answer it with protocolError. */
  decide(request: FirewallRequest): FirewallDecision {
    if (this.#rules.length === 0) return allowed;
    const operation = operationName(request.frame.opTag);
    if (operation === undefined || operation === "unbind" || operation === "abandon") return allowed;
    const facts = new RequestFacts(request, operation);
    const isEncrypted = request.client.tls !== undefined;
    for (const rule of this.#rules) {
      if (!rule.appliesTo(facts, isEncrypted)) continue;
      if (rule.allows) return allowed;
      const { name } = rule;
      if (isEncrypted || rule.appliesTo(facts, true)) {
        return { allow: false, resultCode: ResultCode.unwillingToPerform, text: rule.refusedText, rule: name };
      }
      // Encryption is what the rule wants: the way to it is never closed.
      if (facts.isStartTls) continue;
      return { allow: false, resultCode: ResultCode.confidentialityRequired, text: inClearText, rule: name };
    }
    return allowed;
  }
}

const confidentialityRequired: CompiledRule = {
  name: "confidentiality required",
  allows: false,
  refusedText,
  appliesTo: (facts, isEncrypted) => !isEncrypted && !facts.isRootDse,
};

const noChanges: CompiledRule = {
  name: "read-only",
  allows: false,
  refusedText: readOnlyText,
  appliesTo: (facts) => facts.isWrite,
};

function compileRule(rule: FirewallRule, index: number): CompiledRule {
  const { name = `rule ${index + 1}`, allow, deny, unless } = rule;
  const operations: readonly RuleOperation[] = allow ?? deny;
  const allows = allow !== undefined;
  const holds = compileCondition(rule, allows ? "all" : "any");
  const isExcepted = unless && compileCondition(unless, allows ? "any" : "all");
  return {
    name,
    allows,
    refusedText,
    appliesTo: (facts, isEncrypted) =>
      operations.some((operation) => covers(operation, facts)) &&
      holds(facts, isEncrypted) &&
      !isExcepted?.(facts, isEncrypted),
  };
}

function covers(operation: RuleOperation, facts: RequestFacts): boolean {
  switch (operation) {
    case "any":
      return true;
    case "read":
      return facts.operation === "search" || facts.operation === "compare";
    case "write":
      return facts.isWrite;
    default:
      return operation === facts.operation;
  }
}

function looksInside({ base, scope, filter, attributes, oids }: RuleCondition): boolean {
  return [base, scope, filter, attributes, oids].some((list) => list !== undefined);
}
