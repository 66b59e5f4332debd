import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startTlsRequest, startTlsResponse } from "@espalier/ldap";
import { childEnvironment, programPath, requirePrograms } from "@espalier/tests/lab";
import fc from "fast-check";
import { describe as describeAlways, expect, it } from "vitest";
import { addressBytes } from "../../src/ip-address.ts";
import type { ClientFacts } from "../../src/observe/operation-record.ts";
import { PcapngWriter } from "../../src/observe/pcapng-writer.ts";
import { attribute, frame, ipv4Client, ipv6Client, searchFor, secret, secretMessages } from "./conversation.ts";

const describe = requirePrograms({ tshark: "tshark" });

const noon = Date.parse("2026-03-01T12:00:00.123Z");
const result = { resultCode: 0, matchedDn: "", diagnosticMessage: "", referral: [] };

/** The file that `record` makes. */
function capture(record: (writer: PcapngWriter) => void): Buffer {
  const pieces: Uint8Array[] = [];
  record(
    new PcapngWriter(
      (blocks) => pieces.push(blocks),
      () => noon,
    ),
  );
  return Buffer.concat(pieces);
}

/** Lines of what tshark reads from the file: `fields` of the packets that pass `filter`. */
function tshark(file: Buffer, filter: string, ...fields: string[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), "espalier-pcapng-"));
  try {
    const path = join(folder, "capture.pcapng");
    writeFileSync(path, file);
    const checks = ["-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"];
    const shown = fields.length === 0 ? [] : ["-T", "fields", ...fields.flatMap((field) => ["-e", field])];
    const text = execFileSync(programPath("tshark"), ["-n", "-r", path, ...checks, "-Y", filter, ...shown], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      env: childEnvironment({ HOME: folder, XDG_CONFIG_HOME: folder }),
    });
    return text.split("\n").filter((line) => line !== "");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What Wireshark would colour: packets that are malformed, lost or with a wrong checksum. */
const suspicious = "_ws.malformed || tcp.analysis.flags || tcp.checksum.status == 0 || ip.checksum.status == 0 || tls";

describe("the capture file, read by tshark", () => {
  it("shows a conversation as LDAP between the real addresses, at the time it took place", () => {
    const file = capture((writer) => {
      writer.request(ipv4Client, secretMessages["a simple bind"]!);
      writer.response(ipv4Client, frame(1, { type: "bindResponse", ...result, serverSaslCreds: undefined }));
      writer.request(ipv4Client, frame(2, searchFor("(uid=ann)")));
      const attributes = [attribute("cn", "Ann"), attribute("userPassword", secret)];
      writer.response(ipv4Client, frame(2, { type: "searchResultEntry", objectName: "uid=ann", attributes }));
      writer.response(ipv4Client, frame(2, { type: "searchResultDone", ...result }));
      writer.request(ipv4Client, frame(3, { type: "unbindRequest" }));
      writer.connectionClosed(ipv4Client);
    });
    const fields = ["ip.src", "tcp.srcport", "ip.dst", "tcp.dstport", "ldap.messageID", "ldap.protocolOp"];
    expect(tshark(file, "ldap", ...fields)).toStrictEqual(
      [
        ["10.0.5.7", "40000", "10.0.0.1", "389", "1", "0"],
        ["10.0.0.1", "389", "10.0.5.7", "40000", "1", "1"],
        ["10.0.5.7", "40000", "10.0.0.1", "389", "2", "3"],
        ["10.0.0.1", "389", "10.0.5.7", "40000", "2", "4"],
        ["10.0.0.1", "389", "10.0.5.7", "40000", "2", "5"],
        ["10.0.5.7", "40000", "10.0.0.1", "389", "3", "2"],
      ].map((line) => line.join("\t")),
    );
    expect(tshark(file, "ldap.messageID == 1 && ldap.simple", "ldap.name", "ldap.simple")).toStrictEqual([
      `uid=ann,ou=people,dc=example,dc=com\t${"*".repeat(secret.length)}`,
    ]);
    expect(tshark(file, "ldap.AttributeValue", "ldap.type", "ldap.AttributeValue")).toHaveLength(1);
    expect(tshark(file, "frame.number == 1", "frame.time_epoch")).toStrictEqual([`${noon / 1000}000000`]);
    expect(tshark(file, suspicious)).toStrictEqual([]);
    const flags = tshark(file, "tcp", "tcp.flags.str").map((line) => line.replaceAll("·", ""));
    expect(flags).toStrictEqual(["S", "AS", "A", "AP", "AP", "AP", "AP", "AP", "AP", "AF", "AF", "A"]);
  });

  it("shows connections over IPv6, and says what they were in the comment of their first packet", () => {
    const file = capture((writer) => {
      writer.request(ipv6Client, frame(300, searchFor("(cn=*a*)")));
      writer.response(ipv6Client, frame(300, { type: "searchResultDone", ...result, resultCode: 32 }));
    });
    expect(tshark(file, "ldap", "ipv6.src", "ipv6.dst", "ldap.messageID")).toStrictEqual([
      "2001:db8::7\t2001:db8::1\t300",
      "2001:db8::1\t2001:db8::7\t300",
    ]);
    expect(tshark(file, "frame.comment", "frame.number", "frame.comment")).toStrictEqual([
      "1\tConnection 8 to ldaps://[::]:636 (2001:db8::1 port 636), decrypted, it was TLSv1.3 with TLS_AES_256_GCM_SHA384; secrets are overwritten with *.",
    ]);
    expect(tshark(file, suspicious)).toStrictEqual([]);
  });

  it("goes on showing LDAP behind StartTLS", () => {
    const encrypted: ClientFacts = { ...ipv4Client, tls: { protocol: "TLSv1.3", cipher: "TLS_AES_128_GCM_SHA256" } };
    const file = capture((writer) => {
      writer.request(ipv4Client, frame(1, startTlsRequest));
      writer.response(ipv4Client, frame(1, startTlsResponse(result)));
      writer.request(encrypted, secretMessages["a simple bind"]!);
      writer.response(encrypted, frame(1, { type: "bindResponse", ...result, serverSaslCreds: undefined }));
      writer.connectionClosed(encrypted);
    });
    expect(tshark(file, "ldap", "tcp.stream", "ldap.protocolOp")).toStrictEqual(["0\t23", "0\t24", "1\t0", "1\t1"]);
    expect(tshark(file, "_ws.malformed || tls")).toStrictEqual([]);
  });

  it("puts messages together that are longer than a packet", () => {
    const attributes = [attribute("member", ...Array.from({ length: 4_000 }, (_, i) => `uid=user${i},dc=example`))];
    const file = capture((writer) => {
      writer.request(ipv4Client, frame(2, searchFor("(cn=all)")));
      writer.response(ipv4Client, frame(2, { type: "searchResultEntry", objectName: "cn=all", attributes }));
      writer.response(ipv4Client, frame(2, { type: "searchResultDone", ...result }));
    });
    expect(tshark(file, "ldap", "ldap.protocolOp")).toStrictEqual(["3", "4", "5"]);
    expect(tshark(file, suspicious)).toStrictEqual([]);
  });

  it("reads every message with secrets as LDAP, and has none of them", () => {
    const file = capture((writer) => {
      for (const message of Object.values(secretMessages)) writer.request(ipv4Client, message);
    });
    expect(file.includes(secret)).toBe(false);
    const ids = tshark(file, "ldap", "ldap.messageID");
    expect(ids).toStrictEqual(Object.values(secretMessages).map(({ messageId }) => String(messageId)));
  });
});

describeAlways("the octets of an address", () => {
  it.each([
    ["192.0.2.7", "c0000207"],
    ["::", "00000000000000000000000000000000"],
    ["::1", "00000000000000000000000000000001"],
    ["2001:db8::", "20010db8000000000000000000000000"],
    ["2001:DB8:1:2:3:4:5:6", "20010db8000100020003000400050006"],
    ["::ffff:192.0.2.7", "00000000000000000000ffffc0000207"],
    ["fe80::1%eth0", "fe800000000000000000000000000001"],
  ])("%s is %s", (text, octets) => {
    expect(Buffer.from(addressBytes(text)!).toString("hex")).toBe(octets);
  });

  it("are those that the text of any IPv6 address was made of", () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        const octets = addressBytes(text)!;
        const groups = Array.from({ length: 8 }, (_, i) => ((octets[2 * i]! << 8) | octets[2 * i + 1]!).toString(16));
        // The URL standard writes an address in its one canonical form.
        expect(new URL(`http://[${groups.join(":")}]/`).hostname).toBe(new URL(`http://[${text}]/`).hostname);
      }),
    );
  });

  it.each(["", "ldap1.example.com", "300.1.1.1", "12345::"])("%j has none", (text) => {
    expect(addressBytes(text)).toBeUndefined();
  });
});
