/** Values that the directory would take and nobody could use: photos that are none, certificates that are not DER. */
import { X509Certificate } from "node:crypto";
import type { PartialAttribute } from "@espalier/ldap";
import { ApiError } from "../api/problem.ts";

const kibibyte = 1024;

interface PhotoRule {
  readonly kinds: readonly ImageKind[];
  readonly maxBytes: number;
}

/** The second as Active Directory limits it. Every program that lists people reads them all. */
const photoRules: Readonly<Record<string, PhotoRule>> = {
  jpegphoto: { kinds: ["JPEG"], maxBytes: 256 * kibibyte },
  thumbnailphoto: { kinds: ["JPEG", "PNG", "GIF"], maxBytes: 100 * kibibyte },
};

type ImageKind = "JPEG" | "PNG" | "GIF";
const magic: readonly (readonly [ImageKind, string])[] = [
  ["JPEG", "ffd8ff"],
  ["PNG", "89504e470d0a1a0a"],
  ["GIF", "474946383761"],
  ["GIF", "474946383961"],
];

function imageKind(bytes: Uint8Array): ImageKind | undefined {
  const head = Buffer.from(bytes.subarray(0, 8)).toString("hex");
  return magic.find(([, start]) => head.startsWith(start))?.[0];
}

const certificateTypes: ReadonlySet<string> = new Set(["usercertificate", "cacertificate"]);

/**
 * The attributes as they are to be sent: certificates as DER and under `;binary` (RFC 4523 §2.1), whether they came as PEM or
 * not, photos as they are. Attributes that are something else are given back untouched.
 *
 * @throws ApiError `invalid_request` with each value that cannot be used
 */
export function checkedValues(attributes: readonly PartialAttribute[]): PartialAttribute[] {
  const errors: { path: string; message: string }[] = [];
  const checked = attributes.map(({ type, values }) => {
    const [name = "", ...options] = type.split(";");
    const photo = photoRules[name.toLowerCase()];
    const isCertificate = certificateTypes.has(name.toLowerCase());
    if (photo === undefined && !isCertificate) return { type, values };
    const wrong = (index: number, message: string) => errors.push({ path: `attributes.${type}.${index}`, message });
    if (photo !== undefined) {
      values.forEach((value, index) => {
        const problem = photoProblem(value, photo);
        if (problem !== undefined) wrong(index, problem);
      });
      return { type, values };
    }
    const ders = values.flatMap((value, index) => {
      const found = certificates(value);
      if (found.length === 0) wrong(index, "It is no X.509 certificate, neither as PEM nor as DER.");
      return found;
    });
    const isBinary = options.some((option) => option.toLowerCase() === "binary");
    return { type: isBinary ? type : `${type};binary`, values: ders };
  });
  if (errors.length > 0) throw new ApiError("invalid_request", errors[0]?.message ?? "", { errors });
  return checked;
}

function photoProblem(value: Uint8Array, { kinds, maxBytes }: PhotoRule): string | undefined {
  const kind = imageKind(value);
  const wanted = kinds.join(" or ");
  if (kind === undefined) return `The photo is no ${wanted} image.`;
  if (!kinds.includes(kind)) return `The photo is a ${kind} image, and must be ${wanted}.`;
  if (value.length <= maxBytes) return undefined;
  const size = Math.ceil(value.length / kibibyte);
  return `The photo has ${size} KiB, and may have ${maxBytes / kibibyte}: make it smaller.`;
}

const pem = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** The DER of each certificate in PEM, or of the one that the bytes are; empty where one of them is none. */
function certificates(value: Uint8Array): Uint8Array[] {
  const texts = Buffer.from(value).toString("latin1").match(pem);
  try {
    return (texts ?? [value]).map((each) => new Uint8Array(new X509Certificate(each).raw));
  } catch {
    return [];
  }
}
