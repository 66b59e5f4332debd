import { describe, expect, it } from "vitest";
import type { LogLevel } from "../../src/index.ts";
import { createLog, Secret } from "../../src/index.ts";

const timestamp = "2024-01-25T10:30:45.123Z";

function capture(level?: LogLevel) {
  const lines: string[] = [];
  const log = createLog({
    ...(level === undefined ? {} : { level }),
    destination: (line) => lines.push(line),
    now: () => Date.parse(timestamp),
  });
  return { log, lines, parsed: () => lines.map((line) => JSON.parse(line)) };
}

describe("a line of the log", () => {
  it("begins with timestamp, level, logger and message, then the logger's fields, then its own", () => {
    const { log, lines } = capture();
    const logger = log.logger("gateway").child("bind", { connectionId: 7 });
    logger.info("bound", {
      dn: "uid=ann,dc=example,dc=com",
      durationMs: 0.25,
      ok: true,
      nothing: undefined,
      none: null,
    });
    expect(lines).toEqual([
      `{"timestamp":"${timestamp}","level":"INFO","logger":"gateway.bind","message":"bound","connectionId":7,` +
        '"dn":"uid=ann,dc=example,dc=com","durationMs":0.25,"ok":true,"none":null}\n',
    ]);
  });

  it("stays one line of JSON for any text", () => {
    const { log, parsed, lines } = capture();
    const text = 'quote " backslash \\ line\r\nend \u0000 \u001b[31m lone \ud800 pair 😀 é \u2028';
    log.logger("a").warn(text, { text, 'key"\n': text });
    expect(lines.join("").match(/\n/g)).toEqual(["\n"]);
    const escaped = text.toWellFormed().replace("\ufffd", "\ud800");
    expect(parsed()).toEqual([
      { timestamp, level: "WARN", logger: "a", message: escaped, text: escaped, 'key"\n': escaped },
    ]);
  });

  it("writes structures, and says so of those that cannot be written", () => {
    const { log, parsed } = capture();
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    const broken = {
      toJSON() {
        throw new Error("no");
      },
    };
    log
      .logger("a")
      .info("x", { list: [1, { b: 2n }], cycle, broken, infinite: 1 / 0, date: new Date(0), call: () => 1 });
    expect(parsed()).toMatchObject([
      {
        list: [1, { b: "2" }],
        cycle: "[cannot be written]",
        broken: "[cannot be written]",
        infinite: null,
        date: "1970-01-01T00:00:00.000Z",
        call: null,
      },
    ]);
  });

  it("keeps a field from taking the place of what every line has", () => {
    const { log, parsed } = capture();
    log.logger("a").info("real", { message: "other", level: 1, logger: "b", timestamp: 0 });
    expect(parsed()).toEqual([
      {
        timestamp,
        level: "INFO",
        logger: "a",
        message: "real",
        message_: "other",
        level_: 1,
        logger_: "b",
        timestamp_: 0,
      },
    ]);
  });

  it("tells an error with its code and causes", () => {
    const { log, parsed } = capture();
    const cause = Object.assign(new Error("connect failed"), { code: "ECONNREFUSED" });
    log.logger("a").error("x", { error: new TypeError("outer", { cause }), all: new AggregateError([cause], "all") });
    expect(parsed()).toMatchObject([
      {
        error: {
          name: "TypeError",
          message: "outer",
          stack: expect.stringContaining("logger.test.ts"),
          cause: { name: "Error", code: "ECONNREFUSED", message: "connect failed" },
        },
        all: { name: "AggregateError", errors: [{ message: "connect failed" }] },
      },
    ]);
  });

  it("holds no secret, wherever it was put", () => {
    const { log, lines } = capture();
    const hunter2 = "hunter2";
    log.logger("a", { password: hunter2 }).info(`reading redis://:${hunter2}@cache`, {
      value: new Secret(hunter2),
      userPassword: hunter2,
      SQL_PASSWORD: hunter2,
      clientSecret: [hunter2],
      nested: [{ "set-cookie": hunter2, deeper: { apiKey: hunter2, accessToken: hunter2, Authorization: hunter2 } }],
      url: `ldap://cn=a:${hunter2}@host`,
      urls: [`https://ann:${hunter2}@host/`],
      error: new Error(`cannot reach postgres://ann:${hunter2}@db:5432/users`, {
        cause: new Error(`mysql://:${hunter2}@db`),
      }),
    });
    expect(lines.join("")).not.toContain(hunter2);
    expect(lines.join("")).toContain("postgres://ann:[secret]@db:5432/users");
  });
});

describe("levels", () => {
  it("write what is at least as severe, for all loggers from the moment it is changed", () => {
    const { log, parsed } = capture("warn");
    const logger = log.logger("a");
    const child = logger.child("b");
    child.info("before");
    expect([log.level, child.isEnabled("info"), child.isEnabled("warn")]).toEqual(["warn", false, true]);
    log.level = "debug";
    child.trace("no");
    child.debug("debug");
    logger.line("fatal", "fatal");
    log.level = "fatal";
    child.error("no");
    child.fatal("last");
    expect(parsed().map(({ level, message }) => [level, message])).toEqual([
      ["DEBUG", "debug"],
      ["FATAL", "fatal"],
      ["FATAL", "last"],
    ]);
  });
});
