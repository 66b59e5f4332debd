import fc from "fast-check";
import { expect, test } from "vitest";
import { parsePem, pemFormat } from "../../src/inputs/pem.ts";
import { InputError, SourceFile } from "../../src/inputs/source-file.ts";
import { makeCertificate } from "../certificates.ts";

function fileOf(text: string, path = "tls/server.pem"): SourceFile {
  return new SourceFile({ path, absolutePath: `/${path}`, text });
}

const { cert, key, certificate } = await makeCertificate({ subject: "CN=ldap1", names: ["ldap1"] });

test("a file with text around its certificates and its key gives both with their places", () => {
  const text = `subject=CN = ldap1\n${cert}\nBag Attributes\n${key}`;
  const { certificates, keys } = parsePem(fileOf(text));
  expect(certificates.map(({ certificate: each, location }) => [each.fingerprint256, location.line])).toEqual([
    [certificate.fingerprint256, 2],
  ]);
  expect(keys.map(({ location: { start, end } }) => `${text.slice(start, end)}\n`)).toEqual([key]);
});

test("a key with a passphrase is passed over: nobody here knows it", () => {
  const encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n";
  const old = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMIIB\n-----END RSA PRIVATE KEY-----\n";
  expect(parsePem(fileOf(encrypted + old)).keys).toEqual([]);
});

test.each([
  ["a certificate that was cut off", cert.slice(0, -40), "has no line -----END CERTIFICATE-----"],
  ["a damaged certificate", cert.replace(/\n.{20}/, "\nAAAAAAAAAAAAAAAAAAAA"), "this certificate is damaged"],
  ["a damaged key", key.replace(/\n.{20}/, "\nAAAAAAAAAAAAAAAAAAAA"), "this private key is damaged"],
])("%s is an error that says so and holds nothing of it", (_, text, message) => {
  const error = (() => {
    try {
      parsePem(fileOf(`\n${text}`));
    } catch (thrown) {
      return thrown as InputError;
    }
  })();
  expect(error).toBeInstanceOf(InputError);
  expect(error?.message).toContain(message);
  expect(error?.message).not.toContain(text.split("\n")[2]?.slice(0, 20));
  expect(error?.location?.line).toBe(2);
});

test("is known by its name and what is in it, and not where PEM is only quoted", () => {
  const known = ["a.crt", "tls/fullchain.pem", "live/ldap1/privkey", "x.KEY"].map((path) =>
    pemFormat.recognizes(fileOf(cert, path)),
  );
  const quoted = ["README.md", "compose.yaml", "make.sh"].map((path) => pemFormat.recognizes(fileOf(cert, path)));
  expect([known, quoted, pemFormat.recognizes(fileOf("ssh-ed25519 AAAA", "id.key"))]).toEqual([
    [true, true, true, true],
    [false, false, false],
    false,
  ]);
});

test("whatever text is read, it is PEM or an InputError", () => {
  const piece = fc.oneof(
    fc.constantFrom(
      "-----BEGIN CERTIFICATE-----\n",
      "-----END CERTIFICATE-----\n",
      "-----BEGIN PRIVATE KEY-----\n",
      cert,
      key,
    ),
    fc.string({ unit: "binary" }),
  );
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      try {
        parsePem(fileOf(pieces.join("")));
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
      }
    }),
  );
});
