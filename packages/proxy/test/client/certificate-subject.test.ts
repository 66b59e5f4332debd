import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { normalizeDn, parseDn, rfc2307bisSchema } from "@espalier/ldap";
import { requirePrograms, succeed, temporaryDirectory } from "@espalier/tests/lab";
import { expect, it } from "vitest";
import { certificateSubject } from "../../src/client/certificate-subject.ts";

const describe = requirePrograms({ openssl: "openssl" });

describe("the subject of a certificate", () => {
  it.each([
    "/CN=ann",
    "/DC=com/DC=example/OU=People/UID=ann",
    '/O=A\\, B \\+ C/OU=x\\=y+UID=u1/CN=Zoë "Q" <a>;#b ',
    "/CN=# leading/CN= spaces /CN=back\\\\slash",
    "/CN=two\nlines/O=CN\\=root\\,DC\\=com",
    "/C=DE/ST=Berlin/emailAddress=a@b.c/serialNumber=12",
  ])("%j is the DN that OpenSSL writes for RFC 2253", async (subject) => {
    await using directory = await temporaryDirectory("subject");
    const file = directory.file("c.pem");
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", directory.file("k.pem")];
    const options = ["-utf8", "-days", "1", "-subj", subject, "-out", file];
    await succeed("openssl", ["req", "-x509", ...key, ...options]);
    const printed = await succeed("openssl", ["x509", "-in", file, "-noout", "-subject", "-nameopt", "RFC2253"]);
    const expected = printed.replace(/^subject=/, "").replace(/\n$/, "");
    const actual = certificateSubject(new X509Certificate(await readFile(file)));
    expect(normalizeDn(parseDn(actual ?? ""), rfc2307bisSchema)).toEqual(
      normalizeDn(parseDn(expected), rfc2307bisSchema),
    );
  });

  it("that is empty or no DN names nobody", () => {
    expect(
      [{ subject: "" }, { subject: undefined as unknown as string }, { subject: "no equals sign" }].map(
        certificateSubject,
      ),
    ).toEqual([undefined, undefined, undefined]);
  });
});
