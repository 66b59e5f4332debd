import { expect, test } from "vitest";
import { aut001 } from "../../../src/rules/authelia/aut001-remember-me.ts";
import { detailsOf, findingsOf, fixedBy, linesOf } from "../../project.ts";

const fix = "remember_me: '7d' # 1d where much is at stake, -1 to take the box away";
const file = (session: string) => ({
  "authelia/configuration.yml": `authentication_backend: {}\nsession:\n${session}`,
});

test("the month of the document's template is found, with the value to set", () => {
  const path = "configs.templates/applications/authelia/configuration.yml";
  const files = {
    [path]:
      "session:\n  expiration: 1h\n  inactivity: 5m\n  remember_me: 1M\n  cookies:\n    - domain: {{DOMAIN}}\n      authelia_url: 'https://auth.{{DOMAIN}}'\n",
  };
  expect(detailsOf(findingsOf(aut001, files))).toEqual([
    {
      subject: path,
      severity: "medium",
      message: "every session is remembered for 1M (30 days)",
      place: `${path}:4:16`,
      path: "session.remember_me",
      fix,
      edits: [{ kind: "set", file: path, path: ["session", "remember_me"], value: "7d" }],
    },
  ]);
});

test("each cookie has its own, in numbers and words, and more than a month is severe", () => {
  const cookies =
    "  remember_me: 6h\n  cookies:\n    - domain: a.example\n      remember_me: 2 months\n    - domain: b.example\n      remember_me: 604801\n    - domain: c.example\n      remember_me: 7d\n    - domain: d.example\n      remember_me: -1\n    - domain: e.example\n      remember_me: 90m\n";
  expect(linesOf(findingsOf(aut001, file(cookies)))).toEqual([
    "high authelia/configuration.yml:6:20 session.cookies[0].remember_me: the cookie of a.example is remembered for 2 months (60 days)",
    "medium authelia/configuration.yml:8:20 session.cookies[1].remember_me: the cookie of b.example is remembered for 604801 (604801 seconds)",
  ]);
});

test("what is not set is a month, unless every cookie says it", () => {
  expect(detailsOf(findingsOf(aut001, file("  name: authelia_session\n")))).toEqual([
    {
      subject: "authelia/configuration.yml",
      severity: "medium",
      message: "sessions are remembered for a month, as remember_me is not set",
      place: "authelia/configuration.yml:2:1",
      path: "session.remember_me",
      fix,
      edits: [{ kind: "set", file: "authelia/configuration.yml", path: ["session", "remember_me"], value: "7d" }],
    },
  ]);
  expect(findingsOf(aut001, file("  cookies: [{ domain: a.example, remember_me: 1d }]\n"))).toEqual([]);
  const dead = "  remember_me: 1y\n  cookies: [{ domain: a.example, remember_me: 1d }]\n";
  expect(findingsOf(aut001, file(dead))).toEqual([]);
});

test("the older name counts, and a variable of the service goes before the file", () => {
  expect(linesOf(findingsOf(aut001, file("  domain: example.com\n  remember_me_duration: 1y\n")))).toEqual([
    "high authelia/configuration.yml:4:25 session.remember_me_duration: every session is remembered for 1y (365 days)",
  ]);
  const compose = (value: string) => ({
    ...file("  remember_me: 8d\n"),
    "compose.yaml": `services:\n  sso:\n    image: authelia/authelia\n    environment:\n      AUTHELIA_SESSION_REMEMBER_ME: ${value}\n`,
  });
  expect(findingsOf(aut001, compose("1d"))).toEqual([]);
  expect(detailsOf(findingsOf(aut001, compose("9d"))).map(({ place, path, edits }) => [place, path, edits])).toEqual([
    ["compose.yaml:5:37", "services.sso.environment.AUTHELIA_SESSION_REMEMBER_ME", []],
  ]);
});

test("a file beside it, which is started with as well, may say it", () => {
  const files = {
    ...file("  name: x\n"),
    "authelia/configuration.session.yml": "session:\n  remember_me: 1d\n",
  };
  expect(findingsOf(aut001, files)).toEqual([]);
});

test("the fix keeps comments and is enough", () => {
  const [path, text] = Object.entries(
    file(
      "  # of all\n  remember_me: 1M # long\n  cookies:\n    - domain: a.example\n      remember_me: '1y'\n    - domain: b.example\n",
    ),
  )[0]!;
  expect(fixedBy(aut001, { [path]: text })).toEqual({
    texts: { [path]: text.replace("1M # long", "7d # long").replace("'1y'", "7d") },
    left: [],
  });
});
