/** Connection limits over several processes: what each knows of the others adds up. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConnectionCounts } from "../../src/processes/connection-counts.ts";
import { SharedAdmission } from "../../src/processes/shared-admission.ts";

const addresses = ["192.0.2.1", "192.0.2.2", "2001:db8::1"];

interface Limits {
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
}

/** A primary and its workers, without the channel between them, and how often they told each other something. */
function processes(count: number, limits: Limits) {
  const counts = new ConnectionCounts<number>();
  const workers = new Map<number, SharedAdmission>();
  const told = { times: 0 };
  const broadcast = (address: string | undefined) => {
    for (const [id, admission] of workers) admission.setOthers(address, counts.ofOthers(id, address));
  };
  const start = (id: number) => {
    const tell = (address: string | undefined, own: number) => {
      told.times += 1;
      counts.set(id, address, own);
      broadcast(address);
    };
    workers.set(id, new SharedAdmission({ ...limits, processes: count, tell }));
    for (const address of counts.addresses()) broadcast(address);
  };
  const lose = (id: number) => {
    workers.delete(id);
    for (const address of counts.forget(id)) broadcast(address);
  };
  for (let id = 0; id < count; id++) start(id);
  return { counts, workers, told, start, lose };
}

describe("connection limits", () => {
  it("hold over all processes, whichever takes a connection, loses one, or is lost and begun anew", () => {
    const limits = fc.record({
      maxConnections: fc.integer({ min: 1, max: 60 }),
      maxConnectionsPerAddress: fc.integer({ min: 1, max: 40 }),
    });
    const step = fc.record({
      kind: fc.constantFrom("open", "open", "open", "open", "close", "lose"),
      times: fc.integer({ min: 1, max: 20 }),
      worker: fc.integer({ min: 0, max: 2 }),
      address: fc.constantFrom(...addresses),
    });
    fc.assert(
      fc.property(limits, fc.array(step, { maxLength: 80 }), (limited, steps) => {
        const { counts, workers, start, lose } = processes(3, limited);
        const { maxConnections, maxConnectionsPerAddress } = limited;
        let open: { worker: number; address: string }[] = [];
        for (const { kind, times, worker, address } of steps) {
          if (kind === "lose") {
            lose(worker);
            open = open.filter((each) => each.worker !== worker);
            start(worker);
            continue;
          }
          for (let time = 0; time < times; time += 1) {
            if (kind === "open") {
              const fromAddress = open.filter((each) => each.address === address).length;
              const admitted = workers.get(worker)!.admit(address);
              expect(admitted).toBe(open.length < maxConnections && fromAddress < maxConnectionsPerAddress);
              if (admitted) open.push({ worker, address });
            } else {
              const at = open.findIndex((each) => each.worker === worker && each.address === address);
              if (at < 0) break;
              workers.get(worker)!.release(address);
              open.splice(at, 1);
            }
          }
        }
        for (const { worker, address } of open) workers.get(worker)!.release(address);
        expect(counts.addresses()).toEqual([]);
      }),
    );
  });

  it("are nobody's business as long as there are few connections", () => {
    const { workers, told } = processes(2, { maxConnections: 10_000, maxConnectionsPerAddress: 1_000 });
    const clients = Array.from({ length: 200 }, (_, index) => `192.0.2.${index}`);
    for (const address of clients) {
      for (const admission of workers.values()) expect(admission.admit(address)).toBe(true);
    }
    for (const address of clients) for (const admission of workers.values()) admission.release(address);
    expect(told.times).toBe(0);
  });
});
