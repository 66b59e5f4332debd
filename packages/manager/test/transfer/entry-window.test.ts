import { isWithin } from "@espalier/ldap";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EntryWindow } from "../../src/transfer/entry-window.ts";

const names = ["o=a", "ou=b,o=a", "cn=c,ou=b,o=a", "ou=d,o=a", "cn=e,ou=d,o=a", "o=f"];
const areRelated = (one: string, other: string) => isWithin(one, other) || isWithin(other, one);

describe("work on entries", () => {
  it("is some at a time, never on two of which one is above the other, and begins in the order of asking", async () => {
    let atOnce = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(fc.constantFrom(...names), { maxLength: 30 }),
        fc.integer({ min: 1, max: 4 }),
        async (scheduler, asked, size) => {
          const window = new EntryWindow(size);
          const begun: string[] = [];
          const running = new Set<{ readonly name: string }>();
          const work = async (name: string) => {
            const token = { name };
            begun.push(name);
            for (const other of running) expect(areRelated(name, other.name)).toBe(false);
            running.add(token);
            expect(running.size).toBeLessThanOrEqual(size);
            atOnce = Math.max(atOnce, running.size);
            await scheduler.schedule(Promise.resolve());
            running.delete(token);
          };
          const all = (async () => {
            for (const name of asked) await window.begin([name], () => work(name));
            await window.end();
          })();
          await scheduler.waitFor(all);
          expect(begun).toEqual(asked);
          expect(running.size).toBe(0);
        },
      ),
    );
    expect(atOnce).toBeGreaterThan(1);
  });

  it("that failed is told to who asks for more, and at the end", async () => {
    const window = new EntryWindow(1);
    await window.begin(["o=a"], () => Promise.reject(new Error("boom")));
    await expect(window.begin(["o=b"], async () => {})).rejects.toThrow("boom");
    await expect(window.end()).rejects.toThrow("boom");
  });
});
