// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is tested is written so.
import { expect, test } from "vitest";
import type { Finding } from "../../../src/engine/finding.ts";
import { tpl002 } from "../../../src/rules/templates/tpl002-unset-variable.ts";
import { findingsOf, linesOf } from "../../project.ts";

test("a variable that nothing sets is found in each value, and stops the start from then on", () => {
  const text =
    'services:\n  ldap:\n    image: "ldap:$TAG"\n    environment:\n      - URL=$$TAG/${TAG}${TAG}/${BASE_DN}\n';
  const [image, url, base, ...more] = findingsOf(tpl002, { "compose.yaml": text, ".env": "OTHER=x\n" });
  expect(more).toEqual([]);
  expect(image).toEqual({
    rule: "TPL002",
    title: "variable has no value",
    severity: "critical",
    subject: "ldap",
    message: "services.ldap.image has ${TAG}, which is set nowhere and has no default",
    location: { file: "compose.yaml", line: 3, column: 12, start: 29, end: 40 },
    path: "services.ldap.image",
    fix: "Set TAG in .env or in the environment, and write instead of ${TAG}:\n${TAG:?TAG must be set}\nWhere nothing is right: ${TAG:-}",
    fixability: "safe",
    edits: [
      {
        kind: "replace",
        at: { file: "compose.yaml", line: 3, column: 18, start: 35, end: 39 },
        text: "${TAG:?TAG must be set}",
      },
    ],
    fingerprint: image?.fingerprint,
  });
  const replaced = (finding: Finding | undefined) =>
    finding?.edits.map((edit) => edit.kind === "replace" && text.slice(edit.at.start, edit.at.end));
  expect(replaced(url)).toEqual(["${TAG}", "${TAG}"]);
  expect(replaced(base)).toEqual(["${BASE_DN}"]);
  expect(new Set([image, url, base].map((finding) => finding?.fingerprint)).size).toBe(3);
});

test("a variable that is set to nothing is found, and says where that is", () => {
  const files = {
    "compose.yaml": "x-mail: ${RELAY}\nservices:\n  web:\n    image: web:${TAG}\n    user: $ACCOUNT\n",
    ".env": "TAG=\nRELAY=''\n",
  };
  expect(linesOf(findingsOf(tpl002, files, { environment: { ACCOUNT: "" } }))).toEqual([
    "critical compose.yaml:1:9 x-mail: x-mail has ${RELAY}, which is empty in an environment file and has no default",
    "critical compose.yaml:4:12 services.web.image: services.web.image has ${TAG}, which is empty in an environment file and has no default",
    "critical compose.yaml:5:11 services.web.user: services.web.user has ${ACCOUNT}, which is empty in the environment and has no default",
  ]);
});

test("what an anchor or an extended service gives to many is found once, where it is written", () => {
  const files = {
    "compose.yaml":
      "x-env: &env\n  A: ${A}\nservices:\n  one: {image: one, environment: *env}\n  two: {extends: {file: base.yaml, service: base}, environment: *env}\n  three: {extends: {file: base.yaml, service: base}}\n",
    "base.yaml": "services:\n  base:\n    image: ${B}\n",
  };
  expect(linesOf(findingsOf(tpl002, files))).toEqual([
    "critical base.yaml:3:12 services.two.image: services.two.image has ${B}, which is set nowhere and has no default",
    "critical compose.yaml:2:6 x-env.A: x-env.A has ${A}, which is set nowhere and has no default",
  ]);
});

test.each([
  ["set in .env", "${TAG}", "TAG=1\n"],
  ["with a default", "${TAG:-1}", ""],
  ["with an empty default", "a${TAG:-}", ""],
  ["with a default for what is not set", "a${TAG-}", "TAG=\n"],
  ["that is required", "${TAG:?}", ""],
  ["that is an alternative", "a${TAG:+b}", ""],
  ["that compose sets itself", "${COMPOSE_PROJECT_NAME}", ""],
  ["whose dollar sign is doubled", "$${TAG}", ""],
])("a variable %s is none", (_, image, dotenv) => {
  expect(findingsOf(tpl002, { "compose.yaml": `services: {web: {image: "${image}"}}\n`, ".env": dotenv })).toEqual([]);
});

test("once the edits are made nothing is found, and the value is the same where the variable is set", () => {
  const text = "services:\n  web:\n    image: web:${TAG}\n    command: ['a', \"$TAG\"]\n";
  const edits = findingsOf(tpl002, { "compose.yaml": text }).flatMap((finding) => finding.edits);
  let fixed = text;
  for (const edit of edits.toReversed()) {
    if (edit.kind === "replace") fixed = fixed.slice(0, edit.at.start) + edit.text + fixed.slice(edit.at.end);
  }
  expect(fixed).toBe(
    "services:\n  web:\n    image: web:${TAG:?TAG must be set}\n    command: ['a', \"${TAG:?TAG must be set}\"]\n",
  );
  expect(findingsOf(tpl002, { "compose.yaml": fixed })).toEqual([]);
});
