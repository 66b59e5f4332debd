/** `notify.sources.<name>`: who may send, how each proves it, and what becomes of what it sends. */
import { duration, type Secret, secret } from "@espalier/service";
import { z } from "zod";
import { StandardVerifier } from "./standard.ts";
import { templateProblem } from "./template.ts";

const dayMs = 86_400_000;

const verifierNames = ["standard", "hub", "particle", "alertmanager", "token"] as const;
export type VerifierName = (typeof verifierNames)[number];

const template = (description: string) =>
  z
    .string()
    .min(1)
    .superRefine((text, context) => {
      const problem = templateProblem(text);
      if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
    })
    .optional()
    .describe(description);

const date = z
  .string()
  .transform((text, context) => {
    const time = Date.parse(text);
    if (!Number.isNaN(time)) return time;
    context.addIssue("must be a time such as 2026-01-31T12:00:00Z");
    return z.NEVER;
  })
  .describe("From then on it does not count any more.");

const liveSecret = z.union([
  secret().transform((value): { readonly value: Secret; readonly until?: number | undefined } => ({ value })),
  z.strictObject({ value: secret().describe("The secret."), until: date.optional() }),
]);

const source = z.strictObject({
  verifier: z
    .enum(verifierNames)
    .optional()
    .describe(
      "How senders prove who they are; the source's name where that is one of these, `hub` for a source named `generic`.",
    ),
  secrets: z
    .array(liveSecret)
    .min(1)
    .max(5)
    .describe(
      "What the sender signs with or sends: each a text, or `{ value, until }` while another one takes its place. For `standard` `whsec_…`, or `whpk_…` of an ed25519 key.",
    ),
  header: z
    .string()
    .regex(/^[A-Za-z0-9-]+$/, "must be the name of a header")
    .transform((name) => name.toLowerCase())
    .optional()
    .describe(
      "For `token`, `particle` and `alertmanager`: the header that is the secret, in place of `Authorization`.",
    ),
  schema: z.string().min(1).optional().describe("A file with the JSON Schema that payloads must fit; others are 422."),
  event: z
    .strictObject({
      type: template("The event's type; `hook.received` unless set, with `particle` `particle.{{event}}`."),
      severity: template("Its severity; `{{severity|medium}}` unless set."),
      subject: template("Its subject; the device unless set, and else the source's name."),
    })
    .default({})
    .describe(
      "The event that a request becomes, with `{{path.to.value}}` or `{{path.to.value|otherwise}}` of its payload.",
    ),
  device: template("What tells the senders behind one source apart; with `particle` `{{coreid}}`."),
  dedupe: duration({ min: 1_000, max: 400 * dayMs })
    .optional()
    .describe(
      "For how long the same again is the same delivery; `24h` with `standard` and `particle`, which have a time, `1h` with others.",
    ),
  expectEvery: duration({ min: 1_000, max: 400 * dayMs })
    .optional()
    .describe("How often every device of the source is heard."),
  alertAfter: duration({ min: 1_000, max: 400 * dayMs })
    .optional()
    .describe("After so long without a word a device is silent; twice `expectEvery` unless set."),
  limit: z
    .strictObject({
      average: z.number().min(0.1).default(20).describe("Requests a minute of one device that become events at once."),
      burst: z.number().int().min(1).default(50).describe("How many of them at once."),
      gather: duration({ min: 100, max: 3_600_000 })
        .prefault("30s")
        .describe("What a device sends beyond that is accepted, and told in one event after so long."),
      ceiling: z
        .number()
        .int()
        .min(1)
        .default(1_200)
        .describe("Requests a minute of the source as a whole, above which they are 429."),
    })
    .prefault({}),
});

export type WrittenSource = z.output<typeof source>;
export type SourceConfig = WrittenSource & { readonly name: string; readonly verifier: VerifierName };

const sourceName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, "must be lower-case letters, digits, - and _, as it is part of the URL");

/** The name that the canary's own source has. */
export const canarySource = "canary";

export const sourcesConfig = z.record(sourceName, source).superRefine((sources, context) => {
  for (const [name, written] of Object.entries(sources)) {
    const problem = (path: readonly (string | number)[], message: string) =>
      context.addIssue({ code: "custom", path: [name, ...path], message });
    const verifier = verifierOf(name, written);
    if (name === canarySource) problem([], "is the name of a source that the service has for itself");
    if (verifier === undefined) {
      problem(["verifier"], `is missing: it is one of ${verifierNames.join(", ")}`);
      continue;
    }
    if (written.header !== undefined && (verifier === "standard" || verifier === "hub")) {
      problem(["header"], `has no meaning with the verifier ${verifier}, whose headers are given`);
    }
    if (verifier === "standard") {
      for (const [index, { value }] of written.secrets.entries()) {
        const message = standardProblem(value);
        if (message !== undefined) problem(["secrets", index], message);
      }
    }
    if (written.alertAfter !== undefined && written.alertAfter < (written.expectEvery ?? 0)) {
      problem(["alertAfter"], "is shorter than expectEvery: every device would be silent time and again");
    }
  }
});

export function verifierOf(name: string, { verifier }: WrittenSource): VerifierName | undefined {
  if (verifier !== undefined) return verifier;
  return name === "generic" ? "hub" : verifierNames.find((each) => each === name);
}

function standardProblem(value: Secret): string | undefined {
  try {
    new StandardVerifier([{ value: value.reveal() }]);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
