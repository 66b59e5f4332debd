import { describe, expect, it } from "vitest";
import { formatHygiene, HygieneReport } from "../../src/observe/hygiene-report.ts";
import { ipv4Client, ipv6Client } from "./conversation.ts";
import { bindRecord, searchRecord } from "./records.ts";

const noon = Date.parse("2026-03-01T12:00:00Z");
const now = () => noon;

describe("the hygiene report", () => {
  it("has nothing to say of clients that do as they should", () => {
    const report = new HygieneReport({ now });
    report.operationEnded(bindRecord(ipv6Client, "uid=ann,dc=example,dc=com"));
    report.operationEnded(bindRecord(ipv4Client, ""));
    report.operationEnded(bindRecord(ipv4Client, "", "GSSAPI"));
    report.operationEnded(bindRecord({ ...ipv4Client, address: "127.0.0.1" }, "uid=ann,dc=example,dc=com"));
    report.operationEnded(searchRecord());
    report.operationEnded(searchRecord({ entries: 5000, isPaged: true }));
    report.operationEnded(searchRecord({ boundAs: "", target: "", scope: "baseObject" }));
    report.operationEnded(searchRecord({ filter: "(&(uid=*)(cn=an*)(description=a\\2ab))" }));
    report.operationEnded(searchRecord({ filter: "[a filter of 5000 bytes]" }));
    expect(report.rows()).toStrictEqual([]);
    expect(formatHygiene([])).toBe("No client binds in clear text or searches anonymously, unpaged or unindexed.\n");
  });

  it("says of each address what should be otherwise", () => {
    const report = new HygieneReport({ now });
    report.operationEnded(bindRecord(ipv4Client, "uid=ann,dc=example,dc=com"));
    report.operationEnded(bindRecord(ipv4Client, "uid=bob,dc=example,dc=com"));
    report.operationEnded(bindRecord(ipv4Client, "", "PLAIN"));
    report.operationEnded(searchRecord({ entries: 1000 }));
    report.operationEnded(searchRecord({ entries: 4000 }));
    report.operationEnded(searchRecord({ filter: "(&(objectClass=person)(|(CN=*an*)(mail=*example.com)))" }));
    report.operationEnded(searchRecord({ filter: "(cn=*b*b*)" }));
    report.operationEnded(searchRecord({ client: ipv6Client, boundAs: "" }));
    expect(report.rows()).toStrictEqual([
      {
        address: "10.0.5.7",
        lastSeen: "2026-03-01T12:00:00.000Z",
        clearTextBinds: 3,
        clearTextNames: ["uid=ann,dc=example,dc=com", "uid=bob,dc=example,dc=com", ""],
        anonymousSearches: 0,
        unpagedSearches: 2,
        largestSearch: 4000,
        unindexedSearches: 2,
        unindexedShapes: ["(cn=*?*)", "(mail=*?)"],
      },
      {
        address: "2001:db8::7",
        lastSeen: "2026-03-01T12:00:00.000Z",
        clearTextBinds: 0,
        clearTextNames: [],
        anonymousSearches: 1,
        unpagedSearches: 0,
        largestSearch: 0,
        unindexedSearches: 0,
        unindexedShapes: [],
      },
    ]);
  });

  it("is a table for a person, in which names of strangers do nothing to the terminal", () => {
    const report = new HygieneReport({ now });
    report.operationEnded(bindRecord(ipv4Client, "cn=\u001b[2J"));
    report.operationEnded(searchRecord({ entries: 2000, filter: "(cn=*an*)" }));
    expect(formatHygiene(report.rows())).toBe(
      [
        "client    binds in clear  anonymous  unpaged                 unindexed  last seen         as            filters",
        "10.0.5.7  1                          1 (up to 2000 entries)  1          2026-03-01 12:00  cn=\\u001b[2J  (cn=*?*)",
        "",
      ].join("\n"),
    );
  });

  it("remembers a bounded number of addresses, names and shapes, the latest addresses", () => {
    const report = new HygieneReport({ now, maxAddresses: 3 });
    const client = (last: number) => ({ ...ipv4Client, address: `10.0.0.${last}` });
    for (const last of [1, 2, 3]) report.operationEnded(bindRecord(client(last), "cn=a"));
    report.operationEnded(bindRecord(client(1), "cn=a"));
    for (let i = 0; i < 50; i++) {
      report.operationEnded(bindRecord(client(4), `cn=${"x".repeat(5000)}${i}`));
      report.operationEnded(searchRecord({ client: client(4), filter: `(attribute${i}=*x*)` }));
    }
    const rows = report.rows();
    expect(rows.map(({ address }) => address)).toStrictEqual(["10.0.0.4", "10.0.0.1", "10.0.0.3"]);
    expect(rows[0]!.unindexedShapes).toHaveLength(5);
    expect(rows[0]!.clearTextNames.every((name) => name.length === 200)).toBe(true);
  });
});
