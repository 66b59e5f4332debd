import { forEachDatabase } from "@espalier/tests/lab";
import { expect, it } from "vitest";
import { Sightings } from "../../src/hooks/sightings.ts";
import { eventsOf, type HookStore, openHookStore } from "./hook-store.ts";
import { source } from "./sources.ts";

const hourMs = 3_600_000;
const secrets = ["a secret of some length"];
const battery = source("particle", { secrets, expectEvery: "24h", alertAfter: "48h" });
const others = source("generic", { secrets });

function watching(site: HookStore): Sightings {
  return new Sightings({ store: site.store, log: site.log, now: () => site.now });
}

/** Half an hour at a time, as a service that runs does. */
async function passes(site: HookStore, sightings: Sightings, hours: number): Promise<void> {
  for (let halves = 0; halves < hours * 2; halves += 1) {
    site.now += hourMs / 2;
    await sightings.watch([battery, others]);
  }
}

forEachDatabase((databases) => {
  it("a device that is not heard for longer than its source allows is silent once, and back with its next word", async () => {
    const site = await openHookStore(databases);
    const sightings = watching(site);
    await sightings.begin([battery, others]);
    sightings.saw(battery, "d1", site.now);
    sightings.saw(battery, "d2", site.now);
    await sightings.store();
    await passes(site, sightings, 47);
    sightings.saw(battery, "d2", site.now);
    await sightings.store();
    expect(await eventsOf(site)).toEqual([]);
    await passes(site, sightings, 3);
    const silent = {
      type: "source.silent",
      severity: "high",
      subject: "particle/d1",
      source: "notify",
      data: {
        summary: "particle/d1 has been silent for 2d",
        source: "particle",
        device: "d1",
        lastSeen: site.now - 50 * hourMs,
        expectEveryMs: 24 * hourMs,
        alertAfterMs: 48 * hourMs,
      },
    };
    expect(await eventsOf(site)).toEqual([silent]);
    expect(await sightings.watch([battery])).toEqual(new Map([["particle", 1]]));
    sightings.saw(battery, "d1", site.now);
    await sightings.store();
    expect((await eventsOf(site)).slice(1)).toEqual([
      {
        type: "source.back",
        severity: "info",
        subject: "particle/d1",
        source: "notify",
        data: {
          summary: "particle/d1 is heard again",
          source: "particle",
          device: "d1",
          lastSeen: site.now - 50 * hourMs,
          silentMs: 50 * hourMs,
        },
      },
    ]);
    expect(await sightings.watch([battery])).toEqual(new Map([["particle", 0]]));
  });

  it("a source that was never heard is silent as a whole, until its first device is", async () => {
    const site = await openHookStore(databases);
    const sightings = watching(site);
    await sightings.begin([battery, others]);
    await passes(site, sightings, 49);
    sightings.saw(battery, "d1", site.now);
    await sightings.store();
    await passes(site, sightings, 10);
    expect((await eventsOf(site)).map(({ type, subject }) => `${type} ${subject}`)).toEqual([
      "source.silent particle",
      "source.back particle",
    ]);
  });

  it("nobody is blamed for the time in which no node listened", async () => {
    const site = await openHookStore(databases);
    const first = watching(site);
    await first.begin([battery]);
    first.saw(battery, "d1", site.now);
    await first.store();
    await passes(site, first, 40);
    site.now += 100 * hourMs;
    const second = watching(site);
    await second.begin([battery]);
    await passes(site, second, 7);
    expect(await eventsOf(site)).toEqual([]);
    await passes(site, second, 2);
    expect((await eventsOf(site)).map(({ type }) => type)).toEqual(["source.silent"]);
  });

  it("two nodes report a silence once", async () => {
    const site = await openHookStore(databases);
    const nodes = [watching(site), watching(site)];
    for (const node of nodes) await node.begin([battery]);
    nodes[0]?.saw(battery, "d1", site.now);
    await nodes[0]?.store();
    await passes(site, nodes[1]!, 47);
    site.now += 2 * hourMs;
    await Promise.all(nodes.map((node) => node.watch([battery])));
    expect((await eventsOf(site)).map(({ type }) => type)).toEqual(["source.silent"]);
  });
});
