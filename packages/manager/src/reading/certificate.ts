/** X.509 certificates (RFC 5280) as the API shows them. */
import { X509Certificate } from "node:crypto";
import type { z } from "zod";
import { ApiError } from "../api/problem.ts";
import type { certificateSchema } from "./entry-routes.ts";

/** @param bytes DER, or PEM as some directories have it. @throws ApiError `invalid_request` for what is no certificate */
export function certificateJson(bytes: Uint8Array, now: number): z.input<typeof certificateSchema> {
  const certificate = parse(bytes);
  const { publicKey, validFromDate, validToDate } = certificate;
  const { modulusLength, namedCurve } = publicKey.asymmetricKeyDetails ?? {};
  return {
    subject: lines(certificate.subject),
    issuer: lines(certificate.issuer),
    serialNumber: certificate.serialNumber,
    validFrom: validFromDate.toISOString(),
    validTo: validToDate.toISOString(),
    validity: now < validFromDate.getTime() ? "not_yet_valid" : now > validToDate.getTime() ? "expired" : "valid",
    subjectAltNames: subjectAltNames(certificate.subjectAltName),
    isAuthority: certificate.ca,
    key: {
      type: publicKey.asymmetricKeyType ?? "unknown",
      ...(modulusLength === undefined ? {} : { bits: modulusLength }),
      ...(namedCurve === undefined ? {} : { curve: namedCurve }),
    },
    extendedKeyUsage: [...(certificate.keyUsage ?? [])],
    fingerprints: {
      sha1: certificate.fingerprint,
      sha256: certificate.fingerprint256,
      sha512: certificate.fingerprint512,
    },
    pem: certificate.toString(),
  };
}

function parse(bytes: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(bytes);
  } catch (error) {
    throw new ApiError("invalid_request", "The value is no certificate that can be read.", { cause: error });
  }
}

/** Node writes one attribute a line, and nothing at all for an empty name. */
function lines(name: string | undefined): string[] {
  return (name ?? "").split("\n").filter((line) => line !== "");
}

/** `DNS:a.example.com, DirName:"CN=a, b"`: a value with a comma in it is a JSON string. */
function subjectAltNames(text: string | undefined): string[] {
  return (text ?? "").match(/(?:[^,"]|"(?:[^"\\]|\\.)*")+/g)?.map((name) => name.trim()) ?? [];
}
