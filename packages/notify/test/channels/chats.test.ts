import { Secret } from "@espalier/service";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Channel } from "../../src/channels/channel.ts";
import { channelConfig } from "../../src/channels/config.ts";
import { createChannel } from "../../src/channels/create-channel.ts";
import { discordPayload } from "../../src/channels/discord.ts";
import { mattermostPayload } from "../../src/channels/mattermost.ts";
import { ntfyPayload } from "../../src/channels/ntfy.ts";
import { slackPayload } from "../../src/channels/slack.ts";
import { teamsPayload } from "../../src/channels/teams.ts";
import { type Endpoint, startEndpoint, surroundings } from "./endpoint.ts";
import { longText, message } from "./messages.ts";

const never = new AbortController().signal;
const actions = [
  { label: "Approve", url: "https://notify.example/approvals/1?token=a" },
  { label: "Reject", url: "https://notify.example/approvals/1?token=r" },
];

async function endpoint(): Promise<Endpoint> {
  const started = await startEndpoint();
  onTestFinished(() => started[Symbol.asyncDispose]());
  return started;
}

function channel(config: object): Channel {
  const made = createChannel(channelConfig.parse(config), surroundings());
  onTestFinished(() => made.close());
  return made;
}

function sent({ requests }: Endpoint): unknown {
  return requests.map(({ method, path, headers, text }) => ({
    method,
    path,
    type: headers["content-type"],
    body: JSON.parse(text),
  }));
}

describe("Slack", () => {
  it("gets blocks of plain text with buttons", async () => {
    const server = await endpoint();
    const slack = channel({ kind: "slack", url: `${server.origin}/services/T/B/abcdefghij` });
    const outcome = await slack.send(
      message({ title: "[high] <!channel> & co", text: "one <@U1>\ntwo", actions }),
      never,
    );
    expect(outcome).toEqual({ status: "delivered", detail: "status 200" });
    const title = "🟠 [high] &lt;!channel&gt; &amp; co";
    expect(sent(server)).toEqual([
      {
        method: "POST",
        path: "/services/T/B/abcdefghij",
        type: "application/json",
        body: {
          text: title,
          unfurl_links: false,
          unfurl_media: false,
          blocks: [
            { type: "header", text: { type: "plain_text", emoji: false, text: title } },
            { type: "section", text: { type: "plain_text", emoji: false, text: "one &lt;@U1&gt;\ntwo" } },
            {
              type: "actions",
              elements: actions.map(({ label, url }) => ({
                type: "button",
                text: { type: "plain_text", emoji: false, text: label },
                url,
              })),
            },
          ],
        },
      },
    ]);
  });

  it("is disabled when the channel is archived or the webhook removed, and shows no part of the URL", async () => {
    const server = await endpoint();
    const slack = channel({ kind: "slack", url: `${server.origin}/services/T/B/abcdefghij` });
    server.answer = { status: 410, body: "channel_is_archived /services/T/B/abcdefghij" };
    expect(await slack.send(message(), never)).toEqual({
      status: "disabled",
      reason: "status 410: channel_is_archived [secret]",
    });
    server.answer = { status: 404, body: "no_service" };
    expect(await slack.send(message(), never)).toEqual({ status: "disabled", reason: "status 404: no_service" });
  });
});

describe("Mattermost", () => {
  it("gets an attachment whose Markdown is only ours", async () => {
    const server = await endpoint();
    const mattermost = channel({ kind: "mattermost", url: `${server.origin}/hooks/abcdefghij` });
    await mattermost.send(message({ title: "[high] @all *x*", text: "<https://e.example|a> [b](c)", actions }), never);
    expect(sent(server)).toEqual([
      {
        method: "POST",
        path: "/hooks/abcdefghij",
        type: "application/json",
        body: {
          attachments: [
            {
              fallback: "\\[high\\] @\u200ball \\*x\\*",
              color: "#e04f16",
              title: "\\[high\\] @\u200ball \\*x\\*",
              text: "&lt;https://e.example\\|a\\> \\[b\\]\\(c\\)\n\n[Approve](https://notify.example/approvals/1?token=a) · [Reject](https://notify.example/approvals/1?token=r)",
            },
          ],
        },
      },
    ]);
  });
});

describe("Discord", () => {
  it("gets an embed that calls nobody, and is asked to say whether it took it", async () => {
    const server = await endpoint();
    const discord = channel({ kind: "discord", url: `${server.origin}/api/webhooks/1/abcdefghij` });
    await discord.send(message({ status: "resolved", title: "[resolved] x", text: "@everyone <@1>", actions }), never);
    expect(sent(server)).toEqual([
      {
        method: "POST",
        path: "/api/webhooks/1/abcdefghij?wait=true",
        type: "application/json",
        body: {
          allowed_mentions: { parse: [] },
          embeds: [
            {
              title: "\\[resolved\\] x",
              description:
                "\\@everyone \\<\\@1\\>\n\n[Approve](https://notify.example/approvals/1?token=a) · [Reject](https://notify.example/approvals/1?token=r)",
              color: 0x16a34a,
              timestamp: "2026-01-02T03:04:05.678Z",
            },
          ],
        },
      },
    ]);
  });

  it("is left alone for as long as it asks", async () => {
    const server = await endpoint();
    const discord = channel({ kind: "discord", url: `${server.origin}/api/webhooks/1/abcdefghij` });
    server.answer = { status: 429, headers: { "retry-after": "1.5" }, body: '{"retry_after":1.5}' };
    expect(await discord.send(message(), never)).toEqual({
      status: "retry",
      reason: 'status 429: {"retry_after":1.5}',
      retryAfterMs: 1_500,
      slowDown: true,
    });
  });
});

describe("Teams", () => {
  it("gets a card of text runs, one a line, with links as actions", async () => {
    const server = await endpoint();
    const teams = channel({ kind: "teams", url: `${server.origin}/workflows/abcdefghij` });
    server.answer = { status: 202 };
    expect(await teams.send(message({ text: "[a](b)\n\n<at>c</at>", actions }), never)).toEqual({
      status: "delivered",
      detail: "status 202",
    });
    const line = (text: string) => ({ type: "RichTextBlock", inlines: [{ type: "TextRun", text }] });
    expect(sent(server)).toEqual([
      {
        method: "POST",
        path: "/workflows/abcdefghij",
        type: "application/json",
        body: {
          type: "message",
          attachments: [
            {
              contentType: "application/vnd.microsoft.card.adaptive",
              content: {
                $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
                type: "AdaptiveCard",
                version: "1.4",
                msteams: { width: "Full" },
                body: [
                  {
                    type: "RichTextBlock",
                    inlines: [
                      {
                        type: "TextRun",
                        text: "[high] backend.down: ldap1.example.com:636",
                        size: "Large",
                        weight: "Bolder",
                        color: "Attention",
                      },
                    ],
                  },
                  line("[a](b)"),
                  line("\u00a0"),
                  line("<at>c</at>"),
                ],
                actions: actions.map(({ label, url }) => ({ type: "Action.OpenUrl", title: label, url })),
              },
            },
          ],
        },
      },
    ]);
  });
});

describe("ntfy", () => {
  it("gets the topic, a priority by severity, and links as buttons, with the token", async () => {
    const server = await endpoint();
    const ntfy = channel({ kind: "ntfy", url: server.origin, topic: "espalier", token: "tk_abcdef" });
    await ntfy.send(message({ severity: "critical", actions }), never);
    expect(server.requests[0]?.headers.authorization).toBe("Bearer tk_abcdef");
    expect(sent(server)).toEqual([
      {
        method: "POST",
        path: "/",
        type: "application/json",
        body: {
          topic: "espalier",
          title: "[high] backend.down: ldap1.example.com:636",
          message: message().text,
          priority: 5,
          tags: ["rotating_light"],
          actions: actions.map(({ label, url }) => ({ action: "view", label, url })),
        },
      },
    ]);
  });

  it("logs in with user and password, and hides topic and password", async () => {
    const server = await endpoint();
    const ntfy = channel({ kind: "ntfy", url: server.origin, topic: "espalier-7f3a", user: "u", password: "pässword" });
    const credentials = Buffer.from("u:pässword").toString("base64");
    server.answer = { status: 403, body: `no espalier-7f3a for pässword, Basic ${credentials}` };
    expect(await ntfy.send(message(), never)).toEqual({
      status: "retry",
      reason: "status 403: no [secret] for [secret], [secret]",
    });
    expect(server.requests[0]?.headers.authorization).toBe(`Basic ${credentials}`);
  });

  it("wakes nobody to say that it is over", () => {
    const priorities = (["critical", "high", "medium", "low", "info"] as const).map((severity) => [
      (ntfyPayload(message({ severity }), "t") as { priority: number }).priority,
      (ntfyPayload(message({ severity, status: "resolved" }), "t") as { priority: number }).priority,
    ]);
    expect(priorities).toEqual([
      [5, 3],
      [4, 3],
      [3, 3],
      [2, 2],
      [1, 1],
    ]);
  });
});

describe("a message of any length and content", () => {
  const long = fc.record({
    title: longText,
    text: longText,
    actions: fc.array(
      fc.record({
        label: longText,
        url: fc.constantFrom("https://n.example/a", `https://n.example/${"x".repeat(500)}`),
      }),
      {
        maxLength: 8,
      },
    ),
  });

  it("keeps to the limits of each chat", () => {
    fc.assert(
      fc.property(long, (parts) => {
        const anything = message(parts);
        const slack = slackPayload(anything) as {
          blocks: { type: string; text?: { text: string }; elements?: { text: { text: string } }[] }[];
        };
        for (const block of slack.blocks) {
          expect(block.text?.text.length ?? 1).toBeLessThanOrEqual(block.type === "header" ? 150 : 3_000);
          expect(block.text?.text ?? "x").not.toBe("");
          for (const element of block.elements ?? []) expect(element.text.text.length).toBeLessThanOrEqual(75);
        }
        const [embed] = (discordPayload(anything) as { embeds: { title: string; description?: string }[] }).embeds;
        expect(embed!.title.length).toBeLessThanOrEqual(256);
        expect(embed!.description?.length ?? 0).toBeLessThanOrEqual(4_096);
        const [attachment] = (mattermostPayload(anything) as { attachments: { text: string }[] }).attachments;
        expect(attachment!.text.length).toBeLessThanOrEqual(16_383);
        expect(Buffer.byteLength(JSON.stringify(teamsPayload(anything)))).toBeLessThanOrEqual(28_000);
        const ntfy = ntfyPayload(anything, "t") as { message: string; actions: object[] };
        expect(Buffer.byteLength(ntfy.message)).toBeLessThanOrEqual(4_096);
        expect(ntfy.actions.length).toBeLessThanOrEqual(3);
      }),
      { numRuns: 60 },
    );
  });
});

describe("a digest with more links than a chat has room for", () => {
  it("has as many as take half of the room, and the text", () => {
    const many = Array.from({ length: 50 }, (_, index) => ({
      label: `Acknowledge ${index}`,
      url: `https://notify.example/acknowledge/${index}?token=${"t".repeat(200)}`,
    }));
    const [embed] = (discordPayload(message({ actions: many })) as { embeds: { description: string }[] }).embeds;
    const [, ...links] = embed!.description.split(/ · |\n\n/);
    expect(links).toHaveLength(7);
    expect(links[6]).toMatch(/^\[Acknowledge 6\]\(https:.*\)$/);
    expect(embed!.description).toMatch(/^2026-/);
  });
});

describe("every chat", () => {
  it("tries again when nothing listens, stops when told, and names no secret in its configuration", async () => {
    const server = await endpoint();
    server.answer = "hold";
    for (const kind of ["slack", "mattermost", "teams", "discord"]) {
      const config = channelConfig.parse({ kind, url: `${server.origin}/hooks/abcdefghij` });
      expect(JSON.stringify(config)).not.toContain("abcdefghij");
      expect("url" in config && config.url).toBeInstanceOf(Secret);
      const controller = new AbortController();
      const sending = channel({ kind, url: `${server.origin}/hooks/abcdefghij` }).send(message(), controller.signal);
      controller.abort();
      expect(await sending).toEqual({ status: "retry", reason: "stopped before there was an answer" });
      expect(await channel({ kind, url: "http://127.0.0.1:1/hooks/abcdefghij" }).send(message(), never)).toEqual({
        status: "retry",
        reason: "connect ECONNREFUSED 127.0.0.1:1",
      });
    }
  });
});
