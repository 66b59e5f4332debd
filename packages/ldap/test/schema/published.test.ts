/** The built-in definitions and what a server would publish of them, read by another implementation: python-ldap. */
import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { builtInSchema } from "../../src/schema/built-in-schema.ts";
import { rfc2307bisSchema } from "../../src/schema/rfc2307bis-schema.ts";

const python = "/usr/bin/python3";
const isInstalled = spawnSync(python, ["-c", "import ldap.schema"]).status === 0;
if (!isInstalled && process.env.CI === "true")
  throw new Error("python-ldap is not installed; the Debian package python3-ldap brings it.");
if (!isInstalled)
  process.stderr.write("Skipped: reading the schema with python-ldap needs the Debian package python3-ldap.\n");

const readSubschema = `
import json, sys
from ldap.schema import SubSchema, AttributeType, ObjectClass, MatchingRule, MatchingRuleUse, LDAPSyntax
schema = SubSchema(json.load(sys.stdin), check_uniqueness=2)
print(json.dumps({
    "counts": [len(schema.listall(kind)) for kind in (AttributeType, ObjectClass, MatchingRule, MatchingRuleUse, LDAPSyntax)],
    "uid": [list(schema.get_obj(AttributeType, "userid").names), schema.get_obj(AttributeType, "uid").equality],
    "cn": schema.get_inheritedobj(AttributeType, "cn", ["equality"]).equality,
    "posixAccount": sorted(schema.get_obj(ObjectClass, "posixAccount").must),
}))
`;

describe.skipIf(!isInstalled)("python-ldap reads all definitions", () => {
  for (const [name, schema] of Object.entries({ builtInSchema, rfc2307bisSchema }))
    it(`of ${name}, each once`, () => {
      const input = JSON.stringify(schema.definitions);
      const run = spawnSync(python, ["-c", readSubschema], { input, encoding: "utf8" });
      expect(run.stderr).toBe("");
      expect(JSON.parse(run.stdout)).toEqual({
        counts: [
          schema.attributeTypes.length,
          schema.objectClasses.length,
          schema.matchingRules.length,
          schema.definitions.matchingRuleUse.length,
          schema.definitions.ldapSyntaxes.length,
        ],
        uid: [["uid", "userid"], "caseIgnoreMatch"],
        cn: "caseIgnoreMatch",
        posixAccount: ["cn", "gidNumber", "homeDirectory", "uid", "uidNumber"],
      });
    });
});
