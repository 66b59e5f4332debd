import { writeFile } from "node:fs/promises";
import { temporaryDirectory } from "@espalier/tests/lab";
import { describe, expect, it, onTestFinished } from "vitest";
import type { HookSource } from "../../src/hooks/source.ts";
import { believed, source } from "./sources.ts";

const secrets = ["a secret of some length"];

function readingOf(from: HookSource, ...parameters: Parameters<typeof believed>) {
  const outcome = from.read(believed(...parameters));
  if (outcome.status !== "read") throw new Error(JSON.stringify(outcome));
  return outcome.reading;
}

describe("a Particle request", () => {
  const particle = source("particle", { secrets });
  const fields = {
    event: "breach/Alarm!",
    data: '{"switch":"open","level":3.71}',
    coreid: "e00fce68aabbccddeeff0011",
    published_at: "2026-03-01T11:59:58.123Z",
  };

  it("is an event of its device, at the time at which it was published", () => {
    expect(readingOf(particle, fields)).toEqual({
      event: {
        type: "particle.breach.alarm",
        severity: "medium",
        subject: "e00fce68aabbccddeeff0011",
        time: Date.parse("2026-03-01T11:59:58.123Z"),
        data: {
          device: "e00fce68aabbccddeeff0011",
          payload: { ...fields, data: { switch: "open", level: 3.71 } },
        },
      },
      device: "e00fce68aabbccddeeff0011",
      dedupeKey: expect.stringMatching(/^hooks\/particle:[\w-]{43}$/),
    });
  });

  it("keeps data that is no JSON as the text that it is", () => {
    expect(readingOf(particle, { ...fields, data: "{half" }).event.data).toMatchObject({ payload: { data: "{half" } });
    expect(readingOf(particle, { ...fields, data: "42" }).event.data).toMatchObject({ payload: { data: "42" } });
  });

  it("is the same delivery by its id, where the integration sends one, and else by what it says", () => {
    const { dedupeKey } = readingOf(particle, fields);
    expect(readingOf(particle, { ...fields }).dedupeKey).toBe(dedupeKey);
    for (const other of [
      { data: "{}" },
      { coreid: "x" },
      { event: "x" },
      { published_at: "2026-03-01T11:59:59.123Z" },
    ]) {
      expect(readingOf(particle, { ...fields, ...other }).dedupeKey).not.toBe(dedupeKey);
    }
    const named = { ...fields, PARTICLE_EVENT_ID: "01J" };
    const retried = { ...named, published_at: "2026-03-01T11:59:59.500Z" };
    expect(readingOf(particle, named).dedupeKey).toBe(readingOf(particle, retried).dedupeKey);
    const unfilled = { ...fields, PARTICLE_EVENT_ID: "{{{PARTICLE_EVENT_ID}}}" };
    expect(readingOf(particle, unfilled).dedupeKey).not.toBe(
      readingOf(particle, { ...unfilled, data: "{}" }).dedupeKey,
    );
  });

  it("that was published a day ago, or in the future, may be played again and is stale", () => {
    for (const published_at of ["2026-02-28T11:59:59Z", "2026-03-01T13:00:01Z"]) {
      expect(particle.read(believed({ ...fields, published_at }))).toEqual({ status: "stale" });
    }
    expect(particle.read(believed({ ...fields, published_at: "2026-02-28T12:00:01Z" })).status).toBe("read");
    expect(particle.read(believed({ ...fields, published_at: "yesterday" }))).toEqual({
      status: "unusable",
      problems: [{ where: "/published_at", problem: "must be a time" }],
    });
  });

  it("that is no object is unusable", () => {
    expect(particle.read(believed([])).status).toBe("unusable");
  });
});

describe("an Alertmanager request", () => {
  const alertmanager = source("alertmanager", { secrets });
  const alert = {
    status: "firing",
    labels: { alertname: "LdapDown", instance: "ldap1:636", severity: "warning" },
    annotations: { summary: "ldap1 does not answer" },
    startsAt: "2026-03-01T11:00:00Z",
    endsAt: "0001-01-01T00:00:00Z",
    generatorURL: "http://prometheus/graph",
    fingerprint: "abc",
  };
  const payload = {
    version: "4",
    groupKey: '{}:{alertname="LdapDown"}',
    truncatedAlerts: 0,
    status: "firing",
    receiver: "espalier",
    groupLabels: { alertname: "LdapDown" },
    commonLabels: { alertname: "LdapDown", instance: "ldap1:636" },
    commonAnnotations: { summary: "ldap1 does not answer" },
    externalURL: "http://alertmanager",
    alerts: [alert, { ...alert, labels: { ...alert.labels, severity: "critical" }, fingerprint: "def" }],
  };

  it("is one event of its group, as grave as the gravest of its alerts", () => {
    const { event, device } = readingOf(alertmanager, payload);
    expect({ ...event, data: undefined, device }).toEqual({
      type: "alert.firing",
      severity: "critical",
      subject: "LdapDown ldap1:636",
      data: undefined,
      device: "",
    });
    expect(event.data).toMatchObject({
      summary: "ldap1 does not answer",
      incident: expect.any(String),
      alerts: [{ fingerprint: "abc" }, { fingerprint: "def" }],
    });
  });

  it("takes keys that newer releases have", () => {
    const newer = { ...payload, routeLabels: { a: "b" }, notification_reason: "x", alerts: [{ ...alert, extra: [1] }] };
    expect(alertmanager.read(believed(newer)).status).toBe("read");
  });

  it("is of the same incident when it is over, and another delivery", () => {
    const firing = readingOf(alertmanager, payload);
    const over = readingOf(alertmanager, {
      ...payload,
      status: "resolved",
      alerts: [{ ...alert, status: "resolved" }],
    });
    expect(over.event).toMatchObject({ type: "alert.resolved", severity: "info", subject: "LdapDown ldap1:636" });
    expect(over.event.data?.incident).toBe(firing.event.data?.incident);
    expect(over.dedupeKey).not.toBe(firing.dedupeKey);
  });

  it("is the same delivery whatever the order of its alerts, and another one when they begin anew", () => {
    const { dedupeKey } = readingOf(alertmanager, payload);
    expect(readingOf(alertmanager, { ...payload, alerts: payload.alerts.toReversed() }).dedupeKey).toBe(dedupeKey);
    const again = payload.alerts.map((each) => ({ ...each, startsAt: "2026-03-01T11:30:00Z" }));
    expect(readingOf(alertmanager, { ...payload, alerts: again }).dedupeKey).not.toBe(dedupeKey);
  });

  it("of another version is unusable, and says where", () => {
    expect(alertmanager.read(believed({ ...payload, version: "3" }))).toMatchObject({
      status: "unusable",
      problems: [{ where: "/version" }],
    });
  });
});

describe("any other request", () => {
  it("is an event that says what it says, with a severity that it names", () => {
    const from = source("generic", { secrets });
    expect(readingOf(from, { severity: "error", text: "x" }).event).toEqual({
      type: "hook.received",
      severity: "high",
      subject: "generic",
      data: { payload: { severity: "error", text: "x" } },
    });
    expect(readingOf(from, { severity: 7 }).event.severity).toBe("medium");
  });

  it("becomes the event that the configuration describes", () => {
    const from = source("door", {
      verifier: "token",
      secrets,
      event: { type: "door.{{state}}", severity: "{{level|low}}", subject: "door {{number}}" },
      device: "{{number}}",
    });
    expect(readingOf(from, { state: "Open", level: "critical", number: 7 })).toMatchObject({
      event: { type: "door.open", severity: "critical", subject: "door 7", data: { device: "7" } },
      device: "7",
    });
    // Nothing of what a stranger sends keeps the event out.
    expect(readingOf(from, { state: "…!", number: "\u0000" }).event.type).toBe("hook.received");
  });

  it("is the same delivery by what is signed alone", () => {
    const standard = source("standard", { secrets: [`whsec_${Buffer.alloc(24, 1).toString("base64")}`] });
    const one = readingOf(standard, { a: 1 }, { deliveryId: "msg_1" });
    expect(readingOf(standard, { a: 2 }, { deliveryId: "msg_1" }).dedupeKey).toBe(one.dedupeKey);
    expect(readingOf(standard, { a: 1 }, { deliveryId: "msg_2" }).dedupeKey).not.toBe(one.dedupeKey);
    const hub = source("generic", { secrets });
    const header = (id: string) => ({ header: () => id });
    expect(readingOf(hub, { a: 1 }, header("1")).dedupeKey).toBe(readingOf(hub, { a: 1 }, header("2")).dedupeKey);
    expect(readingOf(hub, { a: 1 }).dedupeKey).not.toBe(readingOf(hub, { a: 2 }).dedupeKey);
  });
});

describe("a source's JSON Schema", () => {
  const schema = {
    type: "object",
    required: ["device", "battery"],
    properties: { device: { type: "string" }, battery: { type: "number", maximum: 5 }, mode: { enum: ["a", "b"] } },
    additionalProperties: false,
  };

  async function withSchema(text: string) {
    const directory = await temporaryDirectory("schema");
    onTestFinished(() => directory[Symbol.asyncDispose]());
    await writeFile(directory.file("schema.json"), text);
    return () => source("generic", { secrets, schema: directory.file("schema.json") });
  }

  it("lets in what fits", async () => {
    const from = (await withSchema(JSON.stringify(schema)))();
    expect(from.read(believed({ device: "x", battery: 3.7 })).status).toBe("read");
  });

  it("says of everything else where it does not fit", async () => {
    const from = (await withSchema(JSON.stringify(schema)))();
    expect(from.read(believed({ battery: 9, mode: "c", more: 1 }))).toEqual({
      status: "unusable",
      problems: expect.arrayContaining([
        { where: "/", problem: "must have required property 'device'" },
        { where: "/", problem: "must NOT have additional properties: more" },
        { where: "/battery", problem: "must be <= 5" },
        { where: "/mode", problem: "must be equal to one of the allowed values: a, b" },
      ]),
    });
  });

  it("may be of draft-07", async () => {
    const draft7 = {
      $schema: "http://json-schema.org/draft-07/schema#",
      items: [{ type: "number" }],
      additionalItems: false,
    };
    const from = (await withSchema(JSON.stringify(draft7)))();
    expect(from.read(believed([1, 2])).status).toBe("unusable");
  });

  it("that is none stops the start with its name", async () => {
    expect(await withSchema("{")).toThrow(/schema\.json is no JSON/);
    expect(await withSchema('{"type":"nonsense"}')).toThrow(/schema\.json is no JSON Schema that can be used/);
    expect(() => source("generic", { secrets, schema: "/nowhere/x.json" })).toThrow(
      "/nowhere/x.json cannot be read (ENOENT)",
    );
  });
});
