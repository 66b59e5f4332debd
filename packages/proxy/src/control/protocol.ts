/**
 * The control protocol of a running proxy: JSON objects, one a line, over a Unix socket that only its owner may use.
 * Requests are answered in their order. `→` is the administrator's side, `←` the proxy's:
 *
 *     → {"command":"status"}
 *     ← {"ok":true,"status":{…}}                          see `ProxyStatus`
 *     → {"command":"drain","backend":"a"}                 also `ready` and `maint`
 *     ← {"ok":true,"message":"…"}
 *     → {"command":"weight","backend":"a","weight":3}
 *     ← {"ok":true,"message":"…"}
 *     → {"command":"failover","backend":"b"}              b takes the writes from now on
 *     ← {"ok":true,"message":"…"}
 *     → {"command":"kick","of":"client","which":"17"}     also of an `address`, and of a `backend`
 *     ← {"ok":true,"message":"…"}
 *     → {"command":"hygiene"}
 *     ← {"ok":true,"hygiene":[…]}                         see `HygieneRow`
 *     → {"command":"tap","form":"messages"}
 *     ← {"ok":true}
 *     ← {"message":{…}}                                    see `TapRecord`; one for each, until the connection is closed
 *     → {"command":"tap","form":"pcapng"}
 *     ← {"ok":true}
 *     ← {"pcapng":"…"}                                    the next piece of the capture file, in base64
 *
 * In between, `{"dropped":7}` says how many pieces were lost because the administrator's side did not read them in time.
 * What cannot be done is answered with `{"ok":false,"error":"…"}`, a sentence for a person.
 */
import { z } from "zod";

const backend = z.string().min(1);

const request = z.discriminatedUnion("command", [
  z.strictObject({ command: z.literal("status") }),
  z.strictObject({ command: z.literal("hygiene") }),
  z.strictObject({ command: z.enum(["drain", "ready", "maint", "failover"]), backend }),
  z.strictObject({ command: z.literal("weight"), backend, weight: z.number().int().min(0).max(65_535) }),
  z.strictObject({
    command: z.literal("kick"),
    of: z.enum(["client", "address", "backend"]),
    which: z.string().min(1),
  }),
  z.strictObject({ command: z.literal("tap"), form: z.enum(["messages", "pcapng"]) }),
]);

export type ControlRequest = z.output<typeof request>;

/** A line may be this long. */
export const maxRequestBytes = 64 * 1024;

/** @throws ControlRefusal for what is no request. */
export function parseRequest(line: string): ControlRequest {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new ControlRefusal("That is no JSON: a request is one JSON object on one line.");
  }
  const { success, data, error } = request.safeParse(value);
  if (success) return data;
  const [{ path, message } = { path: [], message: "" }] = error.issues;
  throw new ControlRefusal(`That is no request: ${path.length > 0 ? `${path.join(".")}: ` : ""}${message}`);
}

/** What was asked for cannot be done; the message is a sentence for whoever asked. */
export class ControlRefusal extends Error {
  override readonly name = "ControlRefusal";
}
