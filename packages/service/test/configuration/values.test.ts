import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { z } from "zod";
import { nearestWord } from "../../src/configuration/suggestion.ts";
import {
  byteSize,
  duration,
  formatByteSize,
  formatDuration,
  formatHostPort,
  hostPort,
  listenUrl,
  parseByteSize,
  parseDuration,
  parseHostPort,
  Secret,
  secret,
} from "../../src/index.ts";

function read(schema: z.ZodType, value: unknown): unknown {
  const result = schema.safeParse(value);
  return result.success ? result.data : result.error.issues.map(({ message }) => message).join();
}

describe("a duration", () => {
  it("is read back from how it is written, for every number of milliseconds", () => {
    fc.assert(
      fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), (valueMs) => {
        expect(parseDuration(formatDuration(valueMs))).toBe(valueMs);
      }),
    );
  });

  it("is a whole number and a unit, and nothing else", () => {
    const nearly = fc.stringMatching(/^[0-9.+-]{0,18}(ms|s|m|h|d|M|)$/);
    fc.assert(
      fc.property(fc.oneof(fc.string(), nearly), (text) => {
        const value = parseDuration(text);
        if (!/^\d+(ms|s|m|h|d)$/.test(text)) expect(value).toBeUndefined();
        else expect(value === undefined || Number.isSafeInteger(value)).toBe(true);
      }),
    );
  });

  it.each([
    ["250ms", 250],
    ["5s", 5_000],
    ["10m", 600_000],
    ["1h", 3_600_000],
    ["7d", 604_800_000],
    ["0s", 0],
    ["24d", 2_073_600_000],
    ["25d", "must be at most 24d"],
    ["5", "needs a unit: write 5s if seconds are meant, 5ms if milliseconds"],
    [5, "needs a unit: write 5s if seconds are meant, 5ms if milliseconds"],
    ["1.5s", "must be a duration such as `5s`, `250ms` or `1h`"],
    ["1h30m", "must be a duration such as `5s`, `250ms` or `1h`"],
    ["-1s", "must be a duration such as `5s`, `250ms` or `1h`"],
    ["5S", "must be a duration such as `5s`, `250ms` or `1h`"],
    ["999999999999999d", "must be a duration such as `5s`, `250ms` or `1h`"],
    ["", "must be a duration such as `5s`, `250ms` or `1h`"],
    [true, "must be a duration such as `5s`, `250ms` or `1h`"],
  ])("%s", (text, expected) => {
    expect(read(duration(), text)).toBe(expected);
  });

  it("keeps to its limits", () => {
    expect(read(duration({ min: 100, max: 60_000 }), "99ms")).toBe("must be at least 100ms");
    expect(read(duration({ min: 100, max: 60_000 }), "2m")).toBe("must be at most 1m");
    expect(read(duration({ max: 90 * 86_400_000 }), "30d")).toBe(2_592_000_000);
  });
});

describe("a size", () => {
  it("is read back from how it is written, for every number of bytes", () => {
    fc.assert(
      fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), (bytes) => {
        expect(parseByteSize(formatByteSize(bytes))).toBe(bytes);
      }),
    );
  });

  it.each([
    ["64KiB", 65_536],
    ["10MiB", 10_485_760],
    ["1GiB", 1_073_741_824],
    ["512B", 512],
    ["64k", "must be a size such as `64KiB` or `10MiB`"],
    [64, "needs a unit: write 64B if bytes are meant, 64KiB if units of 1024 bytes"],
  ])("%s", (text, expected) => {
    expect(read(byteSize(), text)).toBe(expected);
  });
});

describe("an address", () => {
  it("is read back from how it is written", () => {
    const host = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain());
    fc.assert(
      fc.property(host, fc.nat({ max: 65_535 }), (name, port) => {
        expect(parseHostPort(formatHostPort({ host: name, port }))).toEqual({ host: name, port });
      }),
    );
  });

  it.each([
    ["127.0.0.1:9400", { host: "127.0.0.1", port: 9400 }],
    ["[::1]:0", { host: "::1", port: 0 }],
    ["localhost:80", { host: "localhost", port: 80 }],
    ["9400", "must be host:port, such as 127.0.0.1:9400 or [::1]:9400"],
    [":9400", "must be host:port, such as 127.0.0.1:9400 or [::1]:9400"],
    ["::1:9400", "must be host:port, such as 127.0.0.1:9400 or [::1]:9400"],
    ["[1.2.3.4]:80", "must be host:port, such as 127.0.0.1:9400 or [::1]:9400"],
    ["a:65536", "must be host:port, such as 127.0.0.1:9400 or [::1]:9400"],
  ])("%s", (text, expected) => {
    expect(read(hostPort(), text)).toEqual(expected);
  });

  const message = "must be an address to listen on, such as ldap://0.0.0.0:389 or ldaps://0.0.0.0:636";
  it.each([
    ["ldaps://0.0.0.0", { scheme: "ldaps", host: "0.0.0.0", port: 636 }],
    ["LDAP://[::]:3890/", { scheme: "ldap", host: "::", port: 3890 }],
    ["ldap://", message],
    ["http://a", message],
    ["ldap://user@a", message],
    ["ldap://a:389/dc=x", message],
    ["a:389", message],
  ])("%s", (text, expected) => {
    expect(read(listenUrl({ ldap: 389, ldaps: 636 }), text)).toEqual(expected);
  });
});

describe("a secret", () => {
  it("gives its text only to reveal, and a mark to everything that prints", () => {
    const value = new Secret("hunter2");
    expect(value.reveal()).toBe("hunter2");
    expect([`${value}`, JSON.stringify({ value }), inspect({ value }), inspect(value, { showHidden: true })]).toEqual([
      "[secret]",
      '{"value":"[secret]"}',
      "{ value: [secret] }",
      "[secret]",
    ]);
    expect(Object.keys(value)).toEqual([]);
    expect(JSON.stringify(structuredClone(value))).not.toContain("hunter2");
  });

  it("is read from text that is not empty", () => {
    expect(secret().parse("hunter2").reveal()).toBe("hunter2");
    expect(read(secret(), "")).toBe("must not be empty");
  });
});

describe("the nearest known word", () => {
  const known = ["base", "port", "listen", "authBackends", "warn"];
  it.each([
    ["bsae", "base"],
    ["Base_DN", "base"],
    ["auth_backends", "authBackends"],
    ["authBackend", "authBackends"],
    ["lisen", "listen"],
    ["warning", "warn"],
    ["prt", "port"],
    ["password", undefined],
    ["x", undefined],
    ["", undefined],
  ])("to %j is %j", (word, expected) => {
    expect(nearestWord(word, known)).toBe(expected);
  });
});
