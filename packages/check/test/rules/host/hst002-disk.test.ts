import { describe, expect, it } from "vitest";
import { hst002 } from "../../../src/rules/host/hst002-disk.ts";
import { findingsOf, observed } from "../../project.ts";

const gib = 1024 ** 3;
const store = { name: "store", path: "/var/lib/espalier", sizeBytes: 100 * gib };

function found(freeBytes: number) {
  return findingsOf(hst002, observed({ storage: [{ ...store, freeBytes }] }));
}

describe("HST002", () => {
  it("finds a disk with less than a tenth left, and what to do", () => {
    expect(found(9.5 * gib)).toMatchObject([
      {
        rule: "HST002",
        severity: "medium",
        subject: "store",
        path: "/var/lib/espalier",
        message: "the disk of the store (/var/lib/espalier) has 9.5 GiB left, 9.5 %",
        fix: expect.stringContaining("df -h /var/lib/espalier"),
      },
    ]);
  });

  it("is high below 3 %, and the same finding as the one before", () => {
    const [before] = found(9 * gib);
    const [after] = found(2 * gib);
    expect(after).toMatchObject({ severity: "high", message: expect.stringContaining("2.0 GiB left, 2.0 %") });
    expect(after?.fingerprint).toBe(before?.fingerprint);
  });

  it("finds nothing from a tenth on, nor of a file system that has no size", () => {
    expect(found(10 * gib)).toEqual([]);
    const unsized = { ...store, sizeBytes: 0, freeBytes: 0 };
    expect(findingsOf(hst002, observed({ storage: [unsized] }))).toEqual([]);
  });
});
