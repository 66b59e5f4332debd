/** Messages as the composer makes them, for tests that are about what becomes of them. */
import type { StoredEvent } from "@espalier/service";
import fc from "fast-check";
import type { Message } from "../../src/channels/message.ts";

export const eventTime = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

export function storedEvent(changes: Partial<StoredEvent> = {}): StoredEvent {
  return {
    id: "0198f2c2-7d1a-7c3e-9f00-000000000001",
    position: 1,
    time: eventTime,
    type: "backend.down",
    severity: "high",
    subject: "ldap1.example.com:636",
    source: "proxy",
    data: { reason: "ECONNREFUSED" },
    audit: false,
    ...changes,
  };
}

export function message(changes: Partial<Message> = {}): Message {
  return {
    deliveryId: "0198f2c2-7d1a-7c3e-9f00-3b1f2c9d7a11",
    attempt: 1,
    events: [storedEvent()],
    status: "problem",
    severity: "high",
    title: "[high] backend.down: ldap1.example.com:636",
    text: "2026-01-02T03:04:05.678Z  high  backend.down\n  subject: ldap1.example.com:636\n  source: proxy",
    actions: [],
    ...changes,
  };
}

/** What tries to be a mention, a link, markup or a header in one of the chats. */
const hostile = fc.constantFrom(
  ...["@everyone", "@here", "@channel", "@all", "<@123>", "<@&9>", "<#5>", "<!channel>", "<!here|here>", "<at>x</at>"],
  ...[
    "<https://evil.example|click>",
    "[click](https://evil.example)",
    "![x](https://evil.example)",
    "~town",
    "**",
    "__",
  ],
  ...[
    "`",
    "```",
    "\\",
    "<b>",
    "&lt;",
    "&amp;",
    "{{title}}",
    '"',
    "'",
    "\r\n",
    "\n",
    "\n\n",
    "\r\nBcc: x@y.z",
    "\u202e",
  ],
  ...[
    "\u2028",
    "\u0000",
    "\u001b[31m",
    "\ud83d",
    "😀",
    "👩‍👩‍👧",
    "# ",
    "> ",
    "- ",
    "1. ",
    "---",
    "===",
    "| a |",
    "    ",
    "ü",
    "</style>",
  ],
  ...[
    "<script>alert(1)</script>",
    "</td></tr>",
    ":smile:",
    "#tag",
    "||x||",
    "<t:1>",
    "https://a.example/x_y_z",
    "a@b.example",
  ],
);

/** Text of a stranger: words and tricks, in any order and number. */
export const strangersText = fc
  .array(fc.oneof(hostile, fc.string({ unit: "binary", maxLength: 12 }), fc.string({ maxLength: 12 })), {
    maxLength: 40,
  })
  .map((pieces) => pieces.join(""));

export const longText = fc
  .tuple(strangersText, fc.integer({ min: 1, max: 400 }))
  .map(([text, times]) => text.repeat(times).slice(0, 60_000));
