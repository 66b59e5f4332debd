import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deliveriesConfig } from "../../src/deliveries/config.ts";
import { routesConfig, unknownChannels } from "../../src/routes/config.ts";
import { matches } from "../../src/routes/match.ts";
import { occurrenceOf } from "../../src/routes/occurrence.ts";

const problems = (routes: unknown) =>
  routesConfig.safeParse(routes).error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);

describe("the configuration of routes", () => {
  it("is read into what the router works with", () => {
    expect(
      routesConfig.parse([
        {
          match: { type: "backend.*", severity: "high+", subject: ["ldap*", "dc=example"] },
          channels: ["mail"],
          dedupe: "1h",
          group: { by: ["subject"] },
          quietHours: {
            from: "22:00",
            to: "07:30",
            timeZone: "Europe/Berlin",
            days: ["sat", "sun"],
            except: ["critical", "high"],
          },
          escalate: [{ after: "15m", channels: ["phone"] }],
        },
        { name: "summary", channels: ["mail"], digest: { at: "08:00", timeZone: "UTC" }, resolve: false },
      ]),
    ).toEqual([
      {
        name: "route 1",
        match: { type: ["backend.*"], severity: ["critical", "high"], subject: ["ldap*", "dc=example"] },
        channels: ["mail"],
        dedupe: 3_600_000,
        group: { by: ["subject"], wait: 30_000 },
        quietHours: { from: 1_320, to: 450, timeZone: "Europe/Berlin", days: [6, 0], except: ["critical", "high"] },
        escalate: [{ after: 900_000, channels: ["phone"] }],
        resolve: true,
      },
      { name: "summary", match: {}, channels: ["mail"], digest: { at: [480], timeZone: "UTC" }, resolve: false },
    ]);
  });

  it.each([
    ["no channel", { channels: [] }, ["0.channels: must name a channel"]],
    [
      "a severity of its own",
      { channels: ["mail"], match: { severity: "fatal" } },
      [/^0\.match\.severity: must be one of critical/],
    ],
    ["a type without a dot", { channels: ["mail"], match: { type: "down" } }, [/^0\.match\.type: /]],
    [
      "a time zone of another planet",
      { channels: ["mail"], digest: { at: "08:00", timeZone: "Mars/Olympus" } },
      [/^0\.digest\.timeZone: must be a time zone/],
    ],
    [
      "hours that are always quiet",
      { channels: ["mail"], quietHours: { from: "00:00", to: "00:00", timeZone: "UTC" } },
      ["0.quietHours: must leave a time that is not quiet"],
    ],
    [
      "a digest of groups",
      { channels: ["mail"], digest: "1h", group: {} },
      ["0.group: and digest contradict: a digest has all events"],
    ],
    [
      "a digest that escalates",
      { channels: ["mail"], digest: "1h", escalate: [{ after: "1m", channels: ["x"] }] },
      [/^0\.escalate: and digest contradict/],
    ],
    [
      "steps out of order",
      {
        channels: ["mail"],
        escalate: [
          { after: "2m", channels: ["x"] },
          { after: "1m", channels: ["x"] },
        ],
      },
      ["0.escalate.1.after: must be later than that of the step before"],
    ],
  ])("is refused with %s", (_, route, expected) => {
    expect(problems([route])).toEqual(
      expected.map((each) => (typeof each === "string" ? each : expect.stringMatching(each))),
    );
  });

  it("is refused with two routes of one name, also of the name that one has by its place", () => {
    expect(problems([{ channels: ["a"] }, { name: "route 1", channels: ["a"] }])).toEqual(["1.name: is used twice"]);
  });

  it("names the channels that there are not", () => {
    const routes = routesConfig.parse([
      {
        channels: ["mail", "fax"],
        escalate: [
          { after: "1m", channels: ["mail"] },
          { after: "2m", channels: ["pager"] },
        ],
      },
    ]);
    expect(unknownChannels(routes, new Set(["mail"]))).toEqual([
      { path: [0, "channels", 1], channel: "fax" },
      { path: [0, "escalate", 1, "channels", 0], channel: "pager" },
    ]);
  });

  it("of deliveries has the defaults of the Standard Webhooks schedule", () => {
    const [second, minute, hour, day] = [1_000, 60_000, 3_600_000, 86_400_000];
    expect(deliveriesConfig.parse({})).toEqual({
      retries: [0, 5 * second, 5 * minute, 30 * minute, 2 * hour, 5 * hour, 10 * hour, 10 * hour],
      concurrency: 64,
      lease: minute,
      disableAfter: 5 * day,
      keep: 30 * day,
      keepDead: 90 * day,
    });
  });
});

describe("a pattern of a subject", () => {
  const [pattern] = [fc.string({ unit: fc.constantFrom("a", "b", "*", "."), minLength: 1, maxLength: 8 })];
  const text = fc.string({ unit: fc.constantFrom("a", "b", "."), minLength: 1, maxLength: 10 });

  it("matches as the regular expression does that has .* for each *", () => {
    fc.assert(
      fc.property(pattern, text, (written, subject) => {
        const [route] = routesConfig.parse([{ match: { subject: written }, channels: ["mail"] }]);
        const expression = new RegExp(`^${written.replaceAll(".", "\\.").replaceAll("*", ".*")}$`);
        const event = { type: "entry.modified", severity: "info", subject } as const;
        expect(matches(route!, event)).toBe(expression.test(subject));
      }),
      { numRuns: 1_000 },
    );
  });

  it("takes no longer for a subject that was made to be slow", () => {
    const [route] = routesConfig.parse([{ match: { subject: `${"*a".repeat(50)}*b` }, channels: ["mail"] }]);
    const begun = performance.now();
    expect(matches(route!, { type: "entry.modified", severity: "info", subject: "a".repeat(100_000) })).toBe(false);
    expect(performance.now() - begun).toBeLessThan(1_000);
  });
});

describe("an event", () => {
  const occurrence = (type: string, subject = "ldap1", incident?: string) =>
    occurrenceOf({ type, subject, ...(incident === undefined ? {} : { data: { incident } }) });

  it.each([
    ["backend.down", "problem"],
    ["backend.degraded", "problem"],
    ["backend.up", "resolved"],
    ["alert.firing", "problem"],
    ["alert.resolved", "resolved"],
    ["channel.disabled", "problem"],
    ["entry.modified", "information"],
    ["write-node.changed", "information"],
  ])("%s is a %s", (type, status) => {
    expect(occurrence(type).status).toBe(status);
  });

  it("is of the same problem when the stem of its type, its subject and its incident are", () => {
    const { key } = occurrence("backend.down");
    expect([occurrence("backend.up").key, occurrence("backend.degraded").key]).toEqual([key, key]);
    const others = [
      occurrence("backend.down", "ldap2"),
      occurrence("node.down"),
      occurrence("backend.down", "ldap1", "x"),
    ];
    expect(new Set([key, ...others.map((each) => each.key)]).size).toBe(4);
  });
});
