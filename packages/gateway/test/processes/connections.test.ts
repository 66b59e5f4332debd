/** Connection limits over several processes: what each knows of the others adds up. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConnectionCounts } from "../../src/processes/connection-counts.ts";
import { SharedAdmission } from "../../src/processes/shared-admission.ts";

const addresses = ["192.0.2.1", "192.0.2.2", "2001:db8::1"];

/** A primary and its workers, without the channel between them. */
function processes(count: number, limits: { maxConnections: number; maxConnectionsPerAddress: number }) {
  const counts = new ConnectionCounts<number>();
  const workers = new Map<number, SharedAdmission>();
  const tell = (address: string) => {
    for (const [id, admission] of workers) {
      const { others, othersFromAddress } = counts.ofOthers(id, address);
      admission.setOthers(others, address, othersFromAddress);
    }
  };
  const start = (id: number) => {
    const changed = (address: string, change: 1 | -1) => {
      counts.change(id, address, change);
      tell(address);
    };
    workers.set(id, new SharedAdmission({ ...limits, changed }));
    for (const address of counts.addresses()) tell(address);
  };
  const lose = (id: number) => {
    workers.delete(id);
    for (const address of counts.forget(id)) tell(address);
  };
  for (let id = 0; id < count; id++) start(id);
  return { counts, workers, start, lose };
}

describe("connection limits", () => {
  it("hold over all processes, whichever takes a connection, loses one, or is lost and begun anew", () => {
    const step = fc.record({
      kind: fc.constantFrom("open", "open", "open", "close", "lose"),
      worker: fc.integer({ min: 0, max: 2 }),
      address: fc.constantFrom(...addresses),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const { counts, workers, start, lose } = processes(3, { maxConnections: 9, maxConnectionsPerAddress: 4 });
        let open: { worker: number; address: string }[] = [];
        for (const { kind, worker, address } of steps) {
          const fromAddress = open.filter((each) => each.address === address).length;
          if (kind === "open") {
            const admitted = workers.get(worker)!.admit(address);
            expect(admitted).toBe(open.length < 9 && fromAddress < 4);
            if (admitted) open.push({ worker, address });
          } else if (kind === "close") {
            const at = open.findIndex((each) => each.worker === worker && each.address === address);
            if (at < 0) continue;
            workers.get(worker)!.release(address);
            open.splice(at, 1);
          } else {
            lose(worker);
            open = open.filter((each) => each.worker !== worker);
            start(worker);
          }
        }
        expect(counts.addresses().sort()).toEqual([...new Set(open.map(({ address }) => address))].sort());
      }),
    );
  });
});
