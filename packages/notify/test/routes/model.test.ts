/** What routes promise, as a model that knows nothing of tables, compared with what really is sent, step by step. */
import { forEachDatabase } from "@espalier/tests/lab";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Message } from "../../src/channels/message.ts";
import { createNotifier, minuteMs, secondMs, TestChannel } from "../deliveries/notifier.ts";

const subjects = ["a", "b"] as const;
type Subject = (typeof subjects)[number];

type Step =
  | { readonly kind: "down" | "up" | "acknowledge"; readonly subject: Subject }
  | { readonly kind: "pass"; readonly units: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constantFrom("down", "down", "up", "acknowledge"), subject: fc.constantFrom(...subjects) }),
  fc.record({ kind: fc.constant("pass"), units: fc.integer({ min: 1, max: 12 }) }),
) as fc.Arbitrary<Step>;
const steps = fc.array(step, { minLength: 5, maxLength: 25 });

/** `channel: status subject`, in no order. */
type Sent = readonly string[];

interface Model {
  down(subject: Subject): void;
  up(subject: Subject): void;
  acknowledge(subject: Subject): void;
  pass(ms: number): void;
  /** Since the last look. */
  take(): Sent;
}

const escalations = [
  { afterMs: 10 * minuteMs, channel: "phone" },
  { afterMs: 20 * minuteMs, channel: "chief" },
];

class EscalationModel implements Model {
  readonly #open = new Map<Subject, { readonly at: number; isAcknowledged: boolean; readonly told: string[] }>();
  #now = 0;
  #sent: string[] = [];

  down(subject: Subject): void {
    this.#sent.push(`mail: problem ${subject}`);
    if (!this.#open.has(subject)) this.#open.set(subject, { at: this.#now, isAcknowledged: false, told: ["mail"] });
  }

  up(subject: Subject): void {
    const told = this.#open.get(subject)?.told ?? ["mail"];
    this.#open.delete(subject);
    for (const channel of told) this.#sent.push(`${channel}: resolved ${subject}`);
  }

  acknowledge(subject: Subject): void {
    const incident = this.#open.get(subject);
    if (incident !== undefined) incident.isAcknowledged = true;
  }

  pass(ms: number): void {
    this.#now += ms;
    for (const [subject, { at, isAcknowledged, told }] of this.#open) {
      for (const { afterMs, channel } of escalations) {
        if (isAcknowledged || told.includes(channel) || at + afterMs > this.#now) continue;
        told.push(channel);
        this.#sent.push(`${channel}: problem ${subject}`);
      }
    }
  }

  take(): Sent {
    return this.#sent.splice(0).sort();
  }
}

const waitMs = 5 * minuteMs;

/** Grouped by subject: the last word of what is told together counts. */
class GroupModel implements Model {
  readonly #groups = new Map<Subject, { readonly dueAt: number; readonly words: string[] }>();
  #now = 0;
  #sent: string[] = [];

  down(subject: Subject): void {
    this.#add(subject, "problem");
  }

  up(subject: Subject): void {
    this.#add(subject, "resolved");
  }

  acknowledge(): void {}

  pass(ms: number): void {
    this.#now += ms;
    for (const [subject, { dueAt, words }] of this.#groups) {
      if (dueAt > this.#now) continue;
      this.#sent.push(`mail: ${words.join(" ")} ${subject}`);
      this.#groups.delete(subject);
    }
  }

  take(): Sent {
    return this.#sent.splice(0).sort();
  }

  #add(subject: Subject, word: string): void {
    const group = this.#groups.get(subject) ?? { dueAt: this.#now + waitMs, words: [] };
    group.words.push(word);
    this.#groups.set(subject, group);
  }
}

forEachDatabase((databases) => {
  const numRuns = 8;

  async function compare(
    routes: Parameters<typeof createNotifier>[1]["routes"],
    createModel: () => Model,
    describeMessage: (message: Message) => string,
  ): Promise<void> {
    const channels = ["mail", "phone", "chief"].map((name) => new TestChannel(name));
    const notifier = await createNotifier(databases, { routes, channels });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(steps, async (sequence) => {
        run += 1;
        const model = createModel();
        const nameOf = (subject: Subject) => `${subject}/${run}`;
        for (const each of sequence) {
          if (each.kind === "pass") {
            await notifier.pass(each.units * minuteMs);
            model.pass(each.units * minuteMs);
          } else if (each.kind === "acknowledge") {
            const open = await notifier.incidents.open();
            const incident = open.find(({ subject }) => subject === nameOf(each.subject));
            if (incident !== undefined) await notifier.incidents.acknowledge(incident.id, "ada");
            model.acknowledge(each.subject);
          } else {
            const severity = each.kind === "down" ? "high" : "info";
            await notifier.happen({ type: `backend.${each.kind}`, severity, subject: nameOf(each.subject) });
            model[each.kind](each.subject);
          }
          const sent = channels.flatMap((channel) =>
            channel
              .take()
              // Others are what a sequence before this one has left behind.
              .filter(({ events }) => events[0]?.subject.endsWith(`/${run}`))
              .map(
                (message) => `${channel.name}: ${describeMessage(message)} ${message.events[0]?.subject.split("/")[0]}`,
              ),
          );
          expect(sent.sort(), JSON.stringify(sequence)).toEqual(model.take());
        }
      }),
      { numRuns },
    );
  }

  describe("whatever happens, in whatever order", () => {
    it("an escalation tells whom it should, and the end whoever was told", async () => {
      const escalate = escalations.map(({ afterMs, channel }) => ({ after: `${afterMs}ms`, channels: [channel] }));
      const routes = [{ match: { type: "backend.*" }, channels: ["mail"], escalate }];
      await compare(
        routes,
        () => new EscalationModel(),
        ({ status }) => status,
      );
    }, 200_000);

    it("a group tells each event once, together with those that came while it waited", async () => {
      const routes = [
        {
          match: { type: "backend.*" },
          channels: ["mail"],
          group: { by: ["subject" as const], wait: `${waitMs / secondMs}s` },
        },
      ];
      const word = (type: string) => (type === "backend.down" ? "problem" : "resolved");
      const words = ({ events }: Message) => events.map(({ type }) => word(type)).join(" ");
      await compare(routes, () => new GroupModel(), words);
    }, 200_000);
  });
});
