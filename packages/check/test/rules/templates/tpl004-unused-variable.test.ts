// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is tested is written so.
import { expect, test } from "vitest";
import { tpl004 } from "../../../src/rules/templates/tpl004-unused-variable.ts";
import { findingsOf } from "../../project.ts";

const compose = "services:\n  ldap:\n    image: ldap:${VERSION}\n    environment:\n      - PASSED\n";

test("a variable that nothing uses is found where it is defined", () => {
  const files = { "compose.yaml": compose, ".env": "VERSION=1\nPASSED=x\nOLD_TOKEN=abc\n" };
  expect(findingsOf(tpl004, files)).toEqual([
    {
      rule: "TPL004",
      title: "variable is defined and never used",
      severity: "low",
      subject: ".env",
      message: "OLD_TOKEN is defined in .env and used nowhere",
      location: { file: ".env", line: 3, column: 1, start: 19, end: 32 },
      path: "OLD_TOKEN",
      fix: "Remove the line of OLD_TOKEN, or write the name as it is used.",
      fixability: "none",
      edits: [],
      fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/),
    },
  ]);
});

test("what compose, templates, scripts, programs, other variables and Docker itself use is not found", () => {
  const files = {
    "compose.yaml": compose,
    "app.templates/a.yml": "x: {{IN_TEMPLATE}}\n",
    "run.sh": 'echo "$IN_SCRIPT"\n',
    "app.py": 'os.environ["IN_PROGRAM"]\n',
    ".env":
      "VERSION=1\nPASSED=x\nIN_TEMPLATE=1\nIN_SCRIPT=1\nIN_PROGRAM=1\nBASE=1\nDERIVED=${BASE}\nCOMPOSE_PROJECT_NAME=x\n",
    "b.sh": "echo $DERIVED\n",
    ".env.example": "NOTHING=1\n",
  };
  expect(findingsOf(tpl004, files)).toEqual([]);
});

test("what a container is given as a whole, and a file with nothing beside it, are not found", () => {
  expect(findingsOf(tpl004, { ".env": "ANYTHING=1\n" })).toEqual([]);
  const files = {
    "compose.yaml": "services:\n  a:\n    image: a:1\n    env_file: app.env\n",
    "app.env": "ANYTHING=1\n",
  };
  expect(findingsOf(tpl004, files)).toEqual([]);
});
