import { expect, test } from "vitest";
import { aut002 } from "../../../src/rules/authelia/aut002-sessions.ts";
import { detailsOf, findingsOf, fixedBy, linesOf } from "../../project.ts";

const path = "authelia/configuration.yml";
const file = (text: string) => ({ [path]: `authentication_backend: {}\n${text}` });

test("a session that outlasts the day, an inactivity that never counts, and unlimited tries are found", () => {
  const files = file("session:\n  expiration: 1d\n  inactivity: 2d\nregulation:\n  max_retries: 0\n");
  const edit = (keys: readonly string[], value: string | number) => [{ kind: "set", file: path, path: keys, value }];
  expect(detailsOf(findingsOf(aut002, files))).toEqual([
    {
      subject: path,
      severity: "medium",
      message: "every session ends only after 1d (1 day)",
      place: `${path}:3:15`,
      path: "session.expiration",
      fix: "expiration: '1h'",
      edits: edit(["session", "expiration"], "1h"),
    },
    {
      subject: path,
      severity: "medium",
      message: "every session has an inactivity of 2d, which its expiration of 1 day always comes before",
      place: `${path}:4:15`,
      path: "session.inactivity",
      fix: "inactivity: '5m'",
      edits: edit(["session", "inactivity"], "5m"),
    },
    {
      subject: path,
      severity: "medium",
      message: "passwords can be tried without end: regulation is off, as max_retries is 0",
      place: `${path}:6:16`,
      path: "regulation.max_retries",
      fix: "regulation:\n  max_retries: 3\n  find_time: '2m'\n  ban_time: '5m'",
      edits: edit(["regulation", "max_retries"], 3),
    },
  ]);
  expect(fixedBy(aut002, files)).toEqual({
    texts: {
      [path]:
        "authentication_backend: {}\nsession:\n  expiration: 1h\n  inactivity: 5m\nregulation:\n  max_retries: 3\n",
    },
    left: [],
  });
});

test("cookies have their own, and what they leave out from the session or the default", () => {
  const files = file(
    "session:\n  expiration: 12h\n  cookies:\n    - domain: a.example\n      inactivity: 11h\n    - domain: b.example\n      expiration: 13 hours\n    - domain: c.example\n      expiration: 1h\n      inactivity: 61m\n",
  );
  expect(linesOf(findingsOf(aut002, files))).toEqual([
    `medium ${path}:8:19 session.cookies[1].expiration: the cookie of b.example ends only after 13 hours (13 hours)`,
    `medium ${path}:11:19 session.cookies[2].inactivity: the cookie of c.example has an inactivity of 61m, which its expiration of 1 hour always comes before`,
  ]);
  const byDefault = file("session:\n  inactivity: 61m\n");
  expect(findingsOf(aut002, byDefault).map(({ path: at }) => at)).toEqual(["session.inactivity"]);
});

test("twelve hours, defaults, and three tries are right", () => {
  const files = file("session:\n  expiration: 43200\n  inactivity: 1h\nregulation:\n  max_retries: 3\n");
  expect(findingsOf(aut002, files)).toEqual([]);
  expect(findingsOf(aut002, file("session:\n  name: x\n"))).toEqual([]);
});
