import { writeFile } from "node:fs/promises";
import {
  ConfigurationError,
  configurationReference,
  defineSection,
  formatProblem,
  loadConfiguration,
} from "@espalier/service";
import { type TemporaryDirectory, temporaryDirectory } from "@espalier/tests/lab";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type ChannelConfig, channelConfig } from "../../src/channels/config.ts";
import { createChannel } from "../../src/channels/create-channel.ts";
import { surroundings } from "./endpoint.ts";
import { createVapidKeys } from "./vapid-keys.ts";

const section = defineSection({
  name: "notify",
  description: "Notifications.",
  schema: z.strictObject({ channels: z.record(z.string(), channelConfig) }),
});

describe("the configuration of channels", () => {
  let directory: TemporaryDirectory;
  beforeAll(async () => {
    directory = await temporaryDirectory("channels");
  });
  afterAll(() => directory[Symbol.asyncDispose]());

  /** As the service reads it: from a file, which JSON is too. */
  async function load(channel: object): Promise<ChannelConfig> {
    const file = directory.file("espalier.yaml");
    await writeFile(file, JSON.stringify({ notify: { channels: { it: channel } } }));
    return loadConfiguration({ file, environment: {}, sections: [section] }).values.notify.channels.it!;
  }

  async function problems(channel: object): Promise<readonly string[]> {
    try {
      await load(channel);
      return [];
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      return error.problems.map((problem) => formatProblem(problem).replace(/^.*?notify\.channels\.it\.?/, ""));
    }
  }

  const mail = { kind: "mail", host: "smtp.example.com", to: ["admin@example.com"] };
  const login = { user: "alerts@example.com", password: "p4ssword" };
  const webhook = { kind: "webhook", url: "https://h.example/x", secrets: [`whsec_${"A".repeat(43)}=`] };

  it("has the defaults of each kind", async () => {
    expect(await load({ ...mail, ...login })).toMatchObject({ tls: "starttls", timeout: 20_000, concurrency: 2 });
    expect(await load({ ...webhook })).toMatchObject({ timeout: 20_000, concurrency: 4 });
    expect(await load({ kind: "syslog", host: "logs.example" })).toMatchObject({
      transport: "tls",
      facility: "daemon",
    });
  });

  it("makes a channel of every kind, with its name", async () => {
    const { privateKey, publicKey } = createVapidKeys();
    const p256dh = publicKey.toString("base64url");
    const keys = { p256dh, auth: Buffer.alloc(16, 1).toString("base64url") };
    const chats = ["slack", "mattermost", "teams", "discord"].map((kind) => ({ kind, url: "https://c.example/hook" }));
    const configs = [
      { ...mail, ...login },
      webhook,
      { kind: "ntfy", url: "https://ntfy.example", topic: "alerts" },
      ...chats,
      {
        kind: "web-push",
        vapid: { subject: "mailto:a@example.com", privateKey },
        subscriptions: [{ endpoint: "https://push.example/x", keys }],
      },
      { kind: "http", url: "https://sms.example/send", json: { to: "1", text: "{{text}}" } },
      { kind: "syslog", transport: "log" },
    ];
    for (const config of configs) {
      const channel = createChannel(await load(config), surroundings({ name: "ops" }));
      expect({ name: channel.name, kind: channel.kind }).toEqual({ name: "ops", kind: config.kind });
      await channel.close();
    }
  });

  it("is told in the reference, every key of it", () => {
    const reference = configurationReference([section]);
    for (const { shape } of channelConfig.options) {
      for (const key of Object.keys(shape)) expect(reference).toContain(`notify.channels.<name>.${key}`);
    }
  });

  it("says in a sentence what contradicts or is missing", async () => {
    const found = {
      kind: await problems({ kind: "pager" }),
      host: await problems({ kind: "mail", to: ["a@example.com"], from: "b@example.com" }),
      halfLogin: await problems({ ...mail, user: "alerts@example.com" }),
      noSender: await problems({ ...mail, user: "alerts", password: "p4ssword" }),
      clearPassword: await problems({ ...mail, ...login, tls: "none" }),
      port465: await problems({ ...mail, ...login, port: 465 }),
      recipient: await problems({ ...mail, ...login, to: ["admin@example.com\r\nBcc: x@y.z"] }),
      sender: await problems({ ...mail, from: "A\r\nX: y <a@example.com>" }),
      url: await problems({ kind: "slack", url: "ftp://c.example/token-0123456789" }),
      urlUser: await problems({ kind: "slack", url: "https://u:token-0123456789@c.example/" }),
      signingKey: await problems({ ...webhook, secrets: ["whsec_c2hvcnQ="] }),
      twoLogins: await problems({
        kind: "ntfy",
        url: "https://n.example",
        topic: "t",
        token: "tk",
        user: "u",
        password: "p",
      }),
      topic: await problems({ kind: "ntfy", url: "https://n.example", topic: "a/b-0123456789" }),
      variable: await problems({ kind: "http", url: "https://s.example/", json: { a: ["{{titel}}"] } }),
      brace: await problems({ kind: "http", url: "https://s.example/", text: "{{title" }),
      secretName: await problems({ kind: "http", url: "https://s.example/", form: { a: "{{secret.key}}" } }),
      hostVariable: await problems({ kind: "http", url: "https://{{subject}}.example/" }),
      pathVariable: await problems({ kind: "http", url: "https://s.example/{{subject}}/send" }),
      twoBodies: await problems({ kind: "http", url: "https://s.example/", text: "a", form: {} }),
      getBody: await problems({ kind: "http", url: "https://s.example/", method: "GET", text: "a" }),
      framing: await problems({ kind: "http", url: "https://s.example/", headers: { "Transfer-Encoding": "chunked" } }),
      noCollector: await problems({ kind: "syslog" }),
      clearSyslog: await problems({ kind: "syslog", transport: "udp", host: "logs.example" }),
      logHost: await problems({ kind: "syslog", transport: "log", host: "logs.example" }),
      unknown: await problems({ ...mail, ...login, hots: "x" }),
    };
    expect(found).toMatchInlineSnapshot(`
      {
        "brace": [
          "text: {{title is no {{variable}}",
        ],
        "clearPassword": [
          "tls: is none, and the password would be sent in clear text: use starttls or implicit",
        ],
        "clearSyslog": [
          "transport: is udp, and logs.example is not this machine: use tls, or set allowClearText",
        ],
        "framing": [
          "headers.Transfer-Encoding: is set by the request itself: leave it out",
        ],
        "getBody": [
          "text: has no place in a GET request: use POST",
        ],
        "halfLogin": [
          "password: is missing: a login needs both user and password",
        ],
        "host": [
          "host: is missing: set it with notify.channels.it.host in espalier.yaml",
        ],
        "hostVariable": [
          "url: must be an http or https URL without a fragment, its host without {{variables}}",
        ],
        "kind": [
          "kind: must be mail, webhook, ntfy, slack, mattermost, teams, discord, web-push, http or syslog",
        ],
        "logHost": [
          "host: has no meaning with transport log: leave one of them out",
        ],
        "noCollector": [
          "host: is missing: set it to the collector's name or address",
        ],
        "noSender": [
          "from: is missing: set it to the sender's address, because user is not one",
        ],
        "pathVariable": [
          "url: has {{variables}} of a message in its path: they can stand in the query only, {{secret.NAME}} in the path too",
        ],
        "port465": [
          "port: is 465, where servers speak TLS from the first byte: set tls to implicit, or the port to 587",
        ],
        "recipient": [
          "to[0]: must be an address such as admin@example.com",
        ],
        "secretName": [
          "form.a: {{secret.key}} is not under secrets",
        ],
        "sender": [
          "from: must be an address such as alerts@example.com or Alerts <alerts@example.com>",
        ],
        "signingKey": [
          "secrets[0]: has 5 bytes, and Standard Webhooks asks for 24 to 64",
        ],
        "topic": [
          "topic: must be up to 64 letters, digits, - and _",
        ],
        "twoBodies": [
          "text: stands beside form: use one of them",
        ],
        "twoLogins": [
          "token: stands beside user and password: use one of them",
        ],
        "unknown": [
          "hots: is not a key that exists; did you mean host?",
        ],
        "url": [
          "url: must be an http or https URL",
        ],
        "urlUser": [
          "url: must not have a user or password in it: there are keys for those",
        ],
        "variable": [
          "json.a.0: {{titel}} is none of title, text, severity, status, deliveryId, attempt, count, type, subject, source, time, actions and secret.NAME",
        ],
      }
    `);
  });

  it("lets clear text leave this machine only where that is said", async () => {
    expect(await problems({ kind: "syslog", transport: "udp", host: "127.0.0.1" })).toEqual([]);
    expect(await problems({ kind: "syslog", transport: "tcp", host: "logs.example", allowClearText: true })).toEqual(
      [],
    );
  });

  it("repeats no secret in a problem, and prints none", async () => {
    const secret = "token-0123456789";
    const all = [
      ...(await problems({ kind: "slack", url: `ftp://c.example/${secret}` })),
      ...(await problems({ kind: "slack", url: `https://u:${secret}@c.example/` })),
      ...(await problems({ ...webhook, secrets: [secret] })),
      ...(await problems({ kind: "ntfy", url: "https://n.example", topic: `a/${secret}` })),
      ...(await problems({ ...mail, password: secret })),
    ];
    expect(all).toHaveLength(6);
    expect(all.join("\n")).not.toContain(secret);
    const config = await load({ kind: "ntfy", url: "https://n.example", topic: secret, token: secret });
    expect(JSON.stringify(config)).not.toContain(secret);
  });

  it("says which file with an authority cannot be read", async () => {
    const config = await load({ kind: "slack", url: "https://c.example/hook", ca: "/nowhere/authority.pem" });
    expect(() => createChannel(config, surroundings())).toThrow(
      "the authority's certificate /nowhere/authority.pem cannot be read (ENOENT)",
    );
  });
});
