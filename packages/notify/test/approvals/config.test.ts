import { describe, expect, it } from "vitest";
import { notifySection } from "../../src/config.ts";

const keys = ["a-key-of-twenty-characters"];
const publicUrl = "https://notify.example.com";

function problemsOf(notify: unknown): readonly string[] {
  const { error } = notifySection.schema.safeParse(notify);
  return error?.issues.map(({ path, message }) => `${path.join(".")} ${message}`) ?? [];
}

describe("notify.approvals", () => {
  it("needs a URL for the links, and somebody who may ask", () => {
    expect(problemsOf({ publicUrl, approvals: { keys } })).toEqual([]);
    expect(problemsOf({ publicUrl, approvals: { trustedNetworks: ["10.0.0.0/8"] } })).toEqual([]);
    expect(problemsOf({ publicUrl, apiKeys: keys, approvals: {} })).toEqual([]);
    expect(problemsOf({ approvals: { keys } })).toEqual(["publicUrl is missing: approvals are decided by links to it"]);
    expect(problemsOf({ publicUrl, approvals: {} })).toEqual(["approvals.keys is missing: nobody may ask without one"]);
  });

  it("refuses keys that can be guessed, paths that are taken, and networks that are none", () => {
    expect(problemsOf({ publicUrl, approvals: { keys: ["short"] } })).toEqual([
      "approvals.keys.0 must have 20 characters or more",
    ]);
    for (const path of ["/approvals", "/hooks/x", "/events", "/"]) {
      expect(problemsOf({ publicUrl, approvals: { keys, path } })).toHaveLength(1);
    }
    expect(problemsOf({ publicUrl, approvals: { keys, path: "/api/send" } })).toEqual([]);
    expect(problemsOf({ publicUrl, approvals: { keys, trustedNetworks: ["example.com"] } })).toHaveLength(1);
  });

  it("gives a person a minute, ten times an hour, unless told otherwise", () => {
    expect(notifySection.schema.parse({ publicUrl, approvals: { keys } }).approvals).toMatchObject({
      ...{ path: "/send-notification", trustedNetworks: [] },
      ...{ expireAfter: 60_000, perHour: 10, lockAfterRejections: 2, lockAfterNotMe: 86_400_000 },
    });
  });
});
