import { writeFile } from "node:fs/promises";
import { devNull } from "node:os";
import { ConfigurationError, loadConfiguration } from "@espalier/service";
import { temporaryDirectory } from "@espalier/tests/lab";
import { describe, expect, it } from "vitest";
import { notifySection, routesOf } from "../src/config.ts";
import { testNotify } from "../src/config-test.ts";
import { warningsOf } from "../src/service.ts";

function load(environment: Readonly<Record<string, string>>, file = devNull) {
  return loadConfiguration({ file, environment, sections: [notifySection] }).values.notify;
}

async function loadFile(notify: unknown, environment: Readonly<Record<string, string>> = {}) {
  await using directory = await temporaryDirectory("notify-config");
  await writeFile(directory.file("espalier.yaml"), JSON.stringify({ notify }));
  return load(environment, directory.file("espalier.yaml"));
}

async function problemsOf(notify: unknown): Promise<readonly string[]> {
  try {
    await loadFile(notify);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return error.problems.map(({ path, message }) => `${path}: ${message}`);
  }
}

const document = {
  WEBHOOK_SECRET: "a secret of some length",
  PARTICLE_WEBHOOK_SECRET: "another secret of some length",
  SMTP_EMAIL: "alerts@example.com",
  SMTP_PASSWORD: "app password",
  RECIPIENT_EMAIL: "admin@example.com, second@example.com",
};

describe("the environment of the document", () => {
  it("gives two sources, a mail channel at the sender's domain, and a route for everything", () => {
    const config = load(document);
    expect(config.listen).toEqual({ host: "127.0.0.1", port: 5_000 });
    expect(Object.keys(config.sources)).toEqual(["generic", "particle"]);
    expect(config.sources.generic?.secrets[0]?.value.reveal()).toBe("a secret of some length");
    expect(config.channels.mail).toMatchObject({
      kind: "mail",
      host: "smtp.example.com",
      user: "alerts@example.com",
      to: ["admin@example.com", "second@example.com"],
      tls: "starttls",
    });
    expect(routesOf(config).map(({ name, channels }) => ({ name, channels }))).toEqual([
      { name: "everything", channels: ["mail"] },
    ]);
    expect(warningsOf(config)).toEqual([]);
  });

  it("takes another server", () => {
    const config = load({ ...document, SMTP_HOST: "mail.example.net", SMTP_PORT: "2525" });
    expect(config.channels.mail).toMatchObject({ host: "mail.example.net", port: 2_525 });
  });

  it("stands beside what the file says of the same source and channel", async () => {
    const file = {
      sources: { particle: { secrets: ["in the file"], alertAfter: "48h" } },
      channels: { mail: { port: 465, tls: "implicit" } },
    };
    const config = await loadFile(file, document);
    expect(config.sources.particle).toMatchObject({ alertAfter: 172_800_000 });
    expect(config.sources.particle?.secrets.map(({ value }) => value.reveal())).toEqual([
      "another secret of some length",
    ]);
    expect(config.channels.mail).toMatchObject({ port: 465, tls: "implicit", host: "smtp.example.com" });
  });
});

describe("a configuration is refused", () => {
  const secrets = ["a secret of some length"];

  it("when a source's name tells no verifier", async () => {
    expect(await problemsOf({ sources: { door: { secrets } } })).toEqual([
      "notify.sources.door.verifier: is missing: it is one of standard, hub, particle, alertmanager, token",
    ]);
  });

  it("when a key is none that the verifier can use, without repeating it", async () => {
    const [problem = ""] = await problemsOf({ sources: { standard: { secrets: ["hunter2"] } } });
    expect(problem).toContain("whsec_");
    expect(problem).not.toContain("hunter2");
  });

  it("when what it says contradicts itself", async () => {
    expect(await problemsOf({ sources: { generic: { secrets, header: "X-Token" } } })).toHaveLength(1);
    expect(await problemsOf({ sources: { generic: { secrets, expectEvery: "2d", alertAfter: "1d" } } })).toHaveLength(
      1,
    );
    expect(await problemsOf({ sources: { canary: { verifier: "token", secrets } } })).toHaveLength(1);
    expect(await problemsOf({ routes: [{ channels: ["nobody"] }] })).toEqual([
      "notify.routes[0].channels[0]: names the channel nobody, which is not there",
    ]);
    expect(await problemsOf({ sources: { generic: { secrets, event: { type: "{{a b}}" } } } })).toHaveLength(1);
    expect(await problemsOf({ apiKeys: ["short"] })).toHaveLength(1);
    expect(await problemsOf({ trustedProxies: ["everybody"] })).toHaveLength(1);
  });
});

describe("what a start warns of", () => {
  it("is a secret that can be guessed, and a service that does nothing", () => {
    expect(warningsOf(load({ WEBHOOK_SECRET: "short" }))).toEqual([
      "A secret of the source generic has less than 16 characters, which can be guessed: use a longer one.",
      "There is no channel: nobody is told of anything.",
    ]);
  });
});

describe("the test of a configuration", () => {
  it("opens the files that it names, and sends nothing", async () => {
    const config = await loadFile({
      sources: { generic: { secrets: ["a secret of some length"], schema: "/nowhere/schema.json" } },
      channels: { log: { kind: "syslog", transport: "log" } },
    });
    expect(await testNotify(config)).toEqual([
      { status: "ok", text: "Serves webhooks on http://127.0.0.1:5000." },
      { status: "error", text: "Source generic: the schema /nowhere/schema.json cannot be read (ENOENT)" },
      { status: "ok", text: "Channel log (syslog)." },
      { status: "ok", text: "Routes: everything → log." },
    ]);
  });
});
