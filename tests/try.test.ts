import fc from "fast-check";
import { it, expect } from "vitest";
import { Wire } from "./lab/wire.ts";
import { searchRequests } from "./lab/search-requests.ts";
import { compileFilter, entryTarget, rfc2307bisSchema, formatFilter, formatDn, parseDn } from "@espalier/ldap";
import { startSlapd, randomPopulation, populationEntries, formatEntries } from "./lab/index.ts";
const noApprox = (f: any): any => f.type === "and" || f.type === "or" ? { ...f, filters: f.filters.map(noApprox) } : f.type === "not" ? { ...f, filter: noApprox(f.filter) } : f.type === "approxMatch" ? { ...f, type: "equalityMatch" } : f;
const schema = rfc2307bisSchema.extend({ attributeTypes: ["( 1.3.6.1.1.1.1.2 NAME 'gecos' EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )", "( 1.3.6.1.1.1.1.12 NAME 'memberUid' EQUALITY caseExactMatch SUBSTR caseExactSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )"] } as any);
it("x", async () => {
  const entries = populationEntries(randomPopulation({ seed: 7, users: 300, groups: 40 }), { baseDn: "dc=example,dc=com" });
  await using slapd = await startSlapd({ ldif: formatEntries(entries), maintainsOperationalAttributes: false });
  using wire = await Wire.connect(slapd.url);
  const structural = { 0: "organization" } as any;
  const targets = entries.map((e, i) => ({ dn: formatDn(parseDn(e.dn)), target: entryTarget({ objectName: e.dn, attributes: [...e.attributes, ["entryDN", [e.dn]] as const, ["subschemaSubentry", ["cn=Subschema"]] as const, ["hasSubordinates", [i === 0 ? "TRUE" : "FALSE"]] as const, ["structuralObjectClass", [i === 0 ? "organization" : e.dn.startsWith("uid") ? "inetOrgPerson" : "groupOfNames"]] as const].map(([type, values]) => ({ type, values: values.map((v) => Buffer.from(v)) })) }, schema) }));
  await fc.assert(fc.asyncProperty(searchRequests(entries.map((e) => ({ dn: e.dn, attributes: e.attributes.map(([t, v]) => [t, ["gecos", "memberUid"].includes(t) ? v.filter((x) => /^[ -~]*$/.test(x)) : v] as const).filter(([, v]) => v.length > 0) }))), async (request) => {
    const { done, entries: found } = await wire.search({ ...request, baseObject: "dc=example,dc=com", scope: "wholeSubtree", sizeLimit: 0, attributes: ["1.1"], filter: noApprox(request.filter) });
    wire.forget();
    const compiled = compileFilter(request.filter, schema);
    const mine = targets.filter((t) => compiled(t.target) === true).map((t) => t.dn).sort();
    const theirs = found.map((e) => formatDn(parseDn(e.objectName))).sort();
    if (done.resultCode !== 0) throw new Error("code " + done.resultCode + formatFilter(request.filter));
    const text = formatFilter(request.filter); if (/2\.5\.13\.0:|objectIdentifierMatch/.test(text) || /=[^()]*\*[^()]*( \*| \)|\* )/.test(text) || /=[^()]* \*/.test(text)|| /=[^()]*\* /.test(text)) return; if (JSON.stringify(mine) !== JSON.stringify(theirs)) throw new Error(`${formatFilter(request.filter)} mine ${mine.length} ${mine.slice(0, 3)} theirs ${theirs.length} ${theirs.slice(0, 3)}`);
  }), { numRuns: 3000, seed: Number(process.env.SEED ?? 1) });
});
