/** What a request says, out of its body: JSON, a form, or text. Read only once the sender is known. */
import { isUtf8 } from "node:buffer";

export type ReadPayload =
  | { readonly status: "read"; readonly payload: unknown }
  /** 415: nobody here reads that. */
  | { readonly status: "unsupported"; readonly message: string }
  /** 422: it is not what its content type says. */
  | { readonly status: "unreadable"; readonly message: string };

/** Nobody nests deeper, and what walks through it recursively has to survive it. */
const maxDepth = 64;
const maxFormFields = 1_000;

/** @param contentType the header, absent for JSON as many senders of webhooks leave it out */
export function readPayload(contentType: string | undefined, body: Uint8Array): ReadPayload {
  const [mediaType = ""] = (contentType ?? "application/json").split(";", 1);
  const name = mediaType.trim().toLowerCase();
  if (name === "application/json" || name.endsWith("+json")) return readJson(body);
  if (name === "application/x-www-form-urlencoded") return readForm(body);
  if (name === "text/plain") {
    return isUtf8(body) ? { status: "read", payload: { text: textOf(body) } } : unreadable("the text is not UTF-8");
  }
  const message = "the content type must be application/json, application/x-www-form-urlencoded or text/plain";
  return { status: "unsupported", message };
}

function readJson(body: Uint8Array): ReadPayload {
  if (!isUtf8(body)) return unreadable("the JSON is not UTF-8");
  let payload: unknown;
  try {
    payload = JSON.parse(textOf(body));
  } catch {
    return unreadable("the body is no JSON");
  }
  return isTooDeep(payload) ? unreadable(`the JSON is nested deeper than ${maxDepth}`) : { status: "read", payload };
}

/** The first of fields of the same name. */
function readForm(body: Uint8Array): ReadPayload {
  if (!isUtf8(body)) return unreadable("the form is not UTF-8");
  const fields = new URLSearchParams(textOf(body));
  if (fields.size > maxFormFields) return unreadable(`the form has more than ${maxFormFields} fields`);
  return { status: "read", payload: Object.fromEntries([...fields].reverse()) };
}

/** Level by level: recursion is what must not be tried on it. */
function isTooDeep(payload: unknown): boolean {
  let level: unknown[] = [payload];
  for (let depth = 0; depth <= maxDepth; depth += 1) {
    level = level.flatMap((value) => (typeof value === "object" && value !== null ? Object.values(value) : []));
    if (level.length === 0) return false;
  }
  return true;
}

function unreadable(message: string): ReadPayload {
  return { status: "unreadable", message };
}

function textOf(body: Uint8Array): string {
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8");
}
