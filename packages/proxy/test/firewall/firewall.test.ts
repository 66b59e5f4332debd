import { Oid, passwordModifyRequest, startTlsRequest, whoAmIRequest } from "@espalier/ldap";
import { describe, expect, it } from "vitest";
import { Firewall } from "../../src/firewall/firewall.ts";
import { frameOf } from "../frame/arbitrary-frame.ts";
import {
  add,
  cleartextClient,
  del,
  encryptedClient,
  extended,
  firewall,
  modify,
  options,
  search,
  simpleBind,
  verdict,
} from "./request.ts";

const people = "ou=people,dc=example,dc=com";
const ann = `uid=ann,${people}`;

describe("without rules", () => {
  it("everything is allowed, and nothing is looked into", () => {
    const open = firewall();
    expect(open.needsDecode).toBe(false);
    expect(verdict(open, search("", "(objectClass=*)"))).toBe("allowed");
    expect(verdict(open, del(ann), { client: cleartextClient })).toBe("allowed");
  });
});

describe("rules", () => {
  it("are asked in order, and the first that applies decides", () => {
    const rules = firewall(
      { name: "admins may", allow: ["write"], boundAs: ["cn=admin,dc=example,dc=com"] },
      { deny: ["write"] },
      { name: "never asked", deny: ["write"] },
    );
    expect(verdict(rules, del(ann), { boundAs: "CN = Admin, dc=example,dc=com" })).toBe("allowed");
    expect(verdict(rules, del(ann), { boundAs: ann })).toBe("rule 2: 53");
    expect(verdict(rules, search(people, "(uid=ann)"))).toBe("allowed");
  });

  it("apply where all their conditions hold, and do not where the exception holds", () => {
    const rules = firewall({
      name: "office only",
      deny: ["write"],
      listeners: ["ldaps://0.0.0.0:636"],
      unless: { from: ["10.0.5.0/24", "2001:db8::/32"], boundAs: [people] },
    });
    expect(verdict(rules, del(ann), { boundAs: ann })).toBe("allowed");
    expect(verdict(rules, del(ann), { boundAs: "" })).toBe("office only: 53");
    const outside = { ...encryptedClient, address: "10.0.6.1" };
    expect(verdict(rules, del(ann), { boundAs: ann, client: outside })).toBe("office only: 53");
    expect(verdict(rules, del(ann), { boundAs: ann, client: { ...outside, address: "2001:db8::9" } })).toBe("allowed");
    expect(verdict(rules, del(ann), { client: { ...outside, listener: "ldap://0.0.0.0:389" } })).toBe("allowed");
  });

  it("that encryption would satisfy say so, and never stand in the way of StartTLS", () => {
    const rules = firewall({ deny: ["any"], unless: { tls: true } });
    expect(verdict(rules, simpleBind(ann), { client: cleartextClient })).toBe("rule 1: 13");
    expect(verdict(rules, startTlsRequest, { client: cleartextClient })).toBe("allowed");
    expect(verdict(rules, whoAmIRequest, { client: cleartextClient })).toBe("rule 1: 13");
    expect(verdict(rules, simpleBind(ann), { client: encryptedClient })).toBe("allowed");
  });

  it("that encryption alone would not satisfy do not send the client to it", () => {
    const rules = firewall({ deny: ["bind"], unless: { tls: true, from: ["192.0.2.0/24"] } });
    expect(verdict(rules, simpleBind(ann), { client: cleartextClient })).toBe("rule 1: 53");
  });

  it("never refuse unbind and abandon, which have no answer", () => {
    const closed = firewall({ deny: ["any"] });
    expect(verdict(closed, { type: "unbindRequest" })).toBe("allowed");
    expect(verdict(closed, { type: "abandonRequest", messageId: 3 })).toBe("allowed");
    expect(verdict(closed, whoAmIRequest)).toBe("rule 1: 53");
  });

  it("tell the client what to do, and not the name of the rule", () => {
    const closed = firewall({ name: "secret name", deny: ["any"] });
    const frame = frameOf({ messageId: 5, protocolOp: del(ann), controls: [] });
    expect(closed.decide({ client: encryptedClient, frame, boundAs: "" })).toStrictEqual({
      allow: false,
      resultCode: 53,
      text: "A rule of this proxy forbids the operation; ask its administrator.",
      rule: "secret name",
    });
  });

  it.each([
    [{ deny: ["any"], from: ["10.0.0.0/64"] }, '"10.0.0.0/64" is not an address or a network such as 10.0.0.0/8.'],
    [{ deny: ["any"], unless: { base: ["people"] } }, '"people" is not a DN such as ou=people,dc=example,dc=com.'],
    [{ deny: ["any"], filter: ["(uid=ann)"] }, /^"\(uid=ann\)" is not the shape of a filter/],
  ] as const)("with a value that is none are refused with a sentence: %j", (rule, sentence) => {
    expect(() => firewall(rule)).toThrow(sentence);
  });
});

describe("a write", () => {
  const noWrites = firewall({ deny: ["write"] });

  it.each([
    ["add", add(ann, "cn")],
    ["modify", modify(ann, "cn")],
    ["delete", del(ann)],
    [
      "modifyDn",
      { type: "modifyDnRequest", entry: ann, newRdn: "uid=anna", deleteOldRdn: true, newSuperior: undefined },
    ],
    ["Password Modify", passwordModifyRequest({ userIdentity: ann, oldPasswd: undefined, newPasswd: undefined })],
    ["an extended operation that nobody knows", extended("1.2.3.4")],
  ] as const)("is %s", (_, op) => {
    expect(verdict(noWrites, op)).toBe("rule 1: 53");
  });

  it.each([
    ["search", search(people, "(uid=ann)")],
    ["compare", { type: "compareRequest", entry: ann, attribute: "cn", value: Buffer.from("Ann") }],
    ["bind", simpleBind(ann)],
    ["Who am I?", whoAmIRequest],
    ["StartTLS", startTlsRequest],
    ["Cancel", extended(Oid.cancel, Buffer.from("3003020103", "hex"))],
  ] as const)("is not %s", (_, op) => {
    expect(verdict(noWrites, op)).toBe("allowed");
  });

  it("is refused by a read-only proxy whatever its rules allow", () => {
    const readOnly = new Firewall(options({ readOnly: true, rules: [{ allow: ["any"] }] }));
    expect(verdict(readOnly, del(ann))).toBe("read-only: 53");
    expect(verdict(readOnly, search(people, "(uid=ann)"))).toBe("allowed");
  });
});

describe("a condition on entries", () => {
  const closed = firewall({ deny: ["any"], base: ["ou=secret,dc=example,dc=com"] });
  const open = firewall({ allow: ["any"], base: [people] }, { deny: ["any"] });

  it.each([
    ["the entry itself", del("OU=Secret, dc=example,dc=com"), true],
    ["one below it", modify("cn=x,ou=secret,dc=example,dc=com", "cn"), true],
    ["one beside it", del("ou=secretary,dc=example,dc=com"), false],
    ["a whole-subtree search from above", search("dc=example,dc=com", "(uid=ann)"), true],
    ["a search of the children of its superior", search("dc=example,dc=com", "(uid=ann)", ["cn"], "singleLevel"), true],
    ["a search of the children of another", search("dc=com", "(uid=ann)", ["cn"], "singleLevel"), false],
    ["a search of its superior alone", search("dc=example,dc=com", "(uid=ann)", ["cn"], "baseObject"), false],
    ["a search beside it", search(people, "(uid=ann)"), false],
    ["a name that is no DN", search("<GUID=0123456789abcdef>", "(uid=ann)"), true],
    ["moving an entry into it", move(ann, "ou=secret,dc=example,dc=com"), true],
    ["moving an entry elsewhere", move(ann, "ou=old,dc=example,dc=com"), false],
    ["a new RDN that is more than one", move(ann, people, "uid=ann,ou=secret"), true],
    ["a password of an entry below it", passwordOf("uid=bob,ou=secret,dc=example,dc=com"), true],
    ["a password of another entry", passwordOf(ann), false],
    ["an extended operation that nobody knows", extended("1.2.3.4"), true],
    ["Who am I?", whoAmIRequest, false],
    ["a bind as an entry below it", simpleBind("uid=bob,ou=secret,dc=example,dc=com"), true],
    ["a bind as another", simpleBind(ann), false],
  ] as const)("in deny takes in %s: %j", (_, op, isRefused) => {
    expect(verdict(closed, op)).toBe(isRefused ? "rule 1: 53" : "allowed");
  });

  it.each([
    ["an entry within", del(ann), true],
    ["a search within", search(people, "(uid=ann)"), true],
    ["an entry outside", del("dc=example,dc=com"), false],
    ["moving an entry out of it", move(ann, "ou=old,dc=example,dc=com"), false],
    ["a name that is no DN", search("<GUID=0123456789abcdef>", "(uid=ann)"), false],
    ["a request without an entry", whoAmIRequest, false],
    ["a SASL bind, whose name is not known", saslBind(), false],
    ["the own password, bound as an entry within", passwordOf(undefined), true],
  ] as const)("in allow takes in only %s: %j", (_, op, isAllowed) => {
    expect(verdict(open, op, { boundAs: ann })).toBe(isAllowed ? "allowed" : "rule 2: 53");
  });

  function move(entry: string, newSuperior: string, newRdn = "uid=ann") {
    return { type: "modifyDnRequest", entry, newRdn, deleteOldRdn: false, newSuperior } as const;
  }
  function passwordOf(userIdentity: string | undefined) {
    return passwordModifyRequest({ userIdentity, oldPasswd: undefined, newPasswd: Buffer.from("new") });
  }
  function saslBind() {
    const authentication = { type: "sasl", mechanism: "EXTERNAL", credentials: undefined } as const;
    return { type: "bindRequest", version: 3, name: "", authentication } as const;
  }
});

describe("a condition on attributes", () => {
  const noPasswords = firewall({ deny: ["any"], attributes: ["userPassword"] });
  const onlyNames = firewall({ allow: ["any"], attributes: ["name", "uid", "objectClass"] }, { deny: ["any"] });

  it.each([
    ["asked for", search(people, "(uid=ann)", ["cn", "userPassword"]), true],
    ["asked for by OID and with an option", search(people, "(uid=ann)", ["2.5.4.35;lang-de"]), true],
    ["asked for with all others", search(people, "(uid=ann)", ["*"]), true],
    ["asked for with all others, by naming none", search(people, "(uid=ann)", []), true],
    ["asked for by object class", search(people, "(uid=ann)", ["@person"]), true],
    ["not asked for with operational ones", search(people, "(uid=ann)", ["+"]), false],
    ["not asked for with none", search(people, "(uid=ann)", ["1.1"]), false],
    ["filtered on, deep inside", search(people, "(&(uid=ann)(!(|(USERPASSWORD=x)(cn=a))))"), true],
    ["filtered on, perhaps, by a rule for any attribute", search(people, "(:caseExactMatch:=x)"), true],
    ["compared", { type: "compareRequest", entry: ann, attribute: "userPassword", value: Buffer.from("x") }, true],
    ["added", add(ann, "cn", "userPassword"), true],
    ["modified", modify(ann, "cn", "userpassword"), true],
    ["modified by Password Modify", passwordModifyRequest(noPasswd()), true],
    ["perhaps written by an extended operation that nobody knows", extended("1.2.3.4"), true],
    ["not named", search(people, "(uid=ann)", ["cn"]), false],
    ["not named by a delete", del(ann), false],
  ] as const)("in deny takes in what is %s", (_, op, isRefused) => {
    expect(verdict(noPasswords, op)).toBe(isRefused ? "rule 1: 53" : "allowed");
  });

  it("in deny takes in supertypes, which would return it, and subtypes", () => {
    expect(verdict(firewall({ deny: ["search"], attributes: ["sn"] }), search("", "(uid=a)", ["name"]))).toBe(
      "rule 1: 53",
    );
    expect(verdict(firewall({ deny: ["search"], attributes: ["name"] }), search("", "(uid=a)", ["sn"]))).toBe(
      "rule 1: 53",
    );
  });

  it.each([
    ["are all in the list, subtypes included", search(people, "(&(objectClass=person)(uid=ann))", ["cn", "sn"]), true],
    ["are not all in the list", search(people, "(uid=ann)", ["cn", "mail"]), false],
    ["are all there are", search(people, "(uid=ann)", ["*"]), false],
    ["are filtered on outside of the list", search(people, "(mail=*)", ["cn"]), false],
    ["are none", del(ann), false],
  ] as const)("in allow takes in a request whose attributes %s", (_, op, isAllowed) => {
    expect(verdict(onlyNames, op)).toBe(isAllowed ? "allowed" : "rule 2: 53");
  });

  it("in deny takes in the attributes of a new RDN, and of the old one where it goes", () => {
    const rename = { type: "modifyDnRequest", entry: ann, newRdn: "cn=Ann", newSuperior: undefined } as const;
    const noUid = firewall({ deny: ["modifyDn"], attributes: ["uid"] });
    expect(verdict(noUid, { ...rename, deleteOldRdn: true })).toBe("rule 1: 53");
    expect(verdict(noUid, { ...rename, deleteOldRdn: false })).toBe("allowed");
  });

  function noPasswd() {
    return { userIdentity: undefined, oldPasswd: undefined, newPasswd: undefined };
  }
});

describe("conditions on scope, OIDs and who is bound", () => {
  it("hold for the scope of a search alone", () => {
    const rules = firewall({ deny: ["any"], scope: ["sub"] });
    expect(verdict(rules, search(people, "(uid=a)", ["cn"], "wholeSubtree"))).toBe("rule 1: 53");
    expect(verdict(rules, search(people, "(uid=a)", ["cn"], "singleLevel"))).toBe("allowed");
    expect(verdict(rules, del(ann))).toBe("allowed");
  });

  it("hold for an extended operation and for any control", () => {
    const treeDelete = "1.2.840.113556.1.4.805";
    const rules = firewall({ deny: ["any"], oids: [treeDelete, Oid.passwordModify] });
    const controls = [{ controlType: treeDelete, criticality: true, controlValue: undefined }];
    expect(verdict(rules, del(ann), { controls })).toBe("rule 1: 53");
    expect(verdict(rules, del(ann))).toBe("allowed");
    expect(verdict(rules, extended(Oid.passwordModify))).toBe("rule 1: 53");
    const allow = firewall({ allow: ["extended"], oids: [Oid.passwordModify] }, { deny: ["any"] });
    expect(verdict(allow, extended(Oid.passwordModify))).toBe("allowed");
    expect(verdict(allow, extended(Oid.passwordModify), { controls })).toBe("rule 2: 53");
  });

  it("take a name that is no DN for one that may be meant, in deny alone", () => {
    const deny = firewall({ deny: ["any"], boundAs: [people] });
    expect(verdict(deny, del(ann), { boundAs: "ann@example.com" })).toBe("rule 1: 53");
    expect(verdict(deny, del(ann), { boundAs: "" })).toBe("allowed");
    const allow = firewall({ allow: ["any"], boundAs: [people] }, { deny: ["any"] });
    expect(verdict(allow, del(ann), { boundAs: "ann@example.com" })).toBe("rule 2: 53");
    const noAnonymous = firewall({ deny: ["read"], boundAs: [""] });
    expect(verdict(noAnonymous, search(people, "(uid=a)"))).toBe("rule 1: 53");
    expect(verdict(noAnonymous, search(people, "(uid=a)"), { boundAs: "ann@example.com" })).toBe("allowed");
  });
});

describe("with confidentiality required", () => {
  const strict = new Firewall(options({ requireConfidentiality: true, rules: [{ allow: ["any"] }] }));

  it("a client in clear text may ask for StartTLS and read the root DSE, and nothing else", () => {
    const client = cleartextClient;
    expect(verdict(strict, startTlsRequest, { client })).toBe("allowed");
    expect(verdict(strict, search("", "(objectClass=*)", [], "baseObject"), { client })).toBe("allowed");
    expect(verdict(strict, search("", "(objectClass=*)", []), { client })).toBe("confidentiality required: 13");
    expect(verdict(strict, simpleBind(ann), { client })).toBe("confidentiality required: 13");
  });

  it("an encrypted client may do everything", () => {
    expect(verdict(strict, simpleBind(ann))).toBe("allowed");
  });
});

it("a request that a rule cannot read is an error and never allowed", () => {
  const frame = frameOf({ messageId: 5, protocolOp: search(people, "(uid=ann)"), controls: [] });
  // The filter's tag becomes one that RFC 4511 does not have.
  const at = frame.bytes.indexOf(0xa3);
  frame.bytes[at] = 0xaf;
  const rules = firewall({ allow: ["any"], filter: ["(uid=?)"] });
  expect(() => rules.decide({ client: encryptedClient, frame, boundAs: "" })).toThrow(
    expect.objectContaining({ name: "ParseError" }),
  );
});
