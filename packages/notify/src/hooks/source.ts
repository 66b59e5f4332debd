/** A source: one name in the URL, with one way of proving who sends, and how its requests become events. */
import { hash } from "node:crypto";
import { readAlertGroup } from "./alertmanager.ts";
import type { SourceConfig, VerifierName } from "./config.ts";
import { HubVerifier } from "./hub.ts";
import { isImplausible, readParticle } from "./particle.ts";
import { type PayloadSchema, readPayloadSchema } from "./payload-schema.ts";
import { type BelievedRequest, deviceOf, type Reading, type ReadingOutcome, severityOf, typeOf } from "./reading.ts";
import { StandardVerifier } from "./standard.ts";
import { Template } from "./template.ts";
import { TokenVerifier } from "./token.ts";
import type { LiveSecret, Verifier } from "./verifier.ts";

const hourMs = 3_600_000;

export class HookSource {
  readonly name: string;
  readonly config: SourceConfig;
  readonly verifier: Verifier;
  readonly #schema: PayloadSchema | undefined;
  readonly #templates: {
    readonly type: Template | undefined;
    readonly severity: Template;
    readonly subject: Template | undefined;
    readonly device: Template | undefined;
  };

  /** @throws Error with a sentence when its schema cannot be used */
  constructor(config: SourceConfig) {
    this.name = config.name;
    this.config = config;
    this.verifier = verifierFor(config);
    this.#schema = config.schema === undefined ? undefined : readPayloadSchema(config.schema);
    const { type, severity = "{{severity|medium}}", subject } = config.event;
    this.#templates = {
      type: templateOf(type),
      severity: new Template(severity),
      subject: templateOf(subject),
      device: templateOf(config.device),
    };
  }

  /** What metrics call its kind: the systems before called whatever signs with `X-Hub-Signature-256` generic. */
  get type(): string {
    return this.config.verifier === "hub" ? "generic" : this.config.verifier;
  }

  get dedupeWindowMs(): number {
    const hasTime: readonly VerifierName[] = ["standard", "particle"];
    return this.config.dedupe ?? (hasTime.includes(this.config.verifier) ? 24 * hourMs : hourMs);
  }

  /** After so long without a word a device is silent; absent where none is expected. */
  get alertAfterMs(): number | undefined {
    const { expectEvery, alertAfter } = this.config;
    return alertAfter ?? (expectEvery === undefined ? undefined : 2 * expectEvery);
  }

  read(request: BelievedRequest): ReadingOutcome {
    const { verifier } = this.config;
    if (verifier === "particle") return this.#readParticle(request);
    if (verifier === "alertmanager") return this.#readAlertmanager(request);
    const problems = this.#schema?.check(request.payload) ?? [];
    if (problems.length > 0) return { status: "unusable", problems };
    const reading = this.#reading(request.payload, { defaultType: "hook.received", defaultDevice: undefined });
    // Only what is signed: a name that anybody can change would let the same be played again under others.
    return { status: "read", reading: { ...reading, dedupeKey: this.#key(request.deliveryId ?? request.body) } };
  }

  #readParticle({ payload, receivedMs }: BelievedRequest): ReadingOutcome {
    const fields = readParticle(payload);
    if (fields === undefined) return unusable("/", "must have the fields of a Particle webhook");
    if (!fields.isPublishedAtReadable) return unusable("/published_at", "must be a time");
    const { publishedMs } = fields;
    if (publishedMs !== undefined && isImplausible(publishedMs, receivedMs)) return { status: "stale" };
    const problems = this.#schema?.check(fields.payload) ?? [];
    if (problems.length > 0) return { status: "unusable", problems };
    const { event, ...rest } = this.#reading(fields.payload, {
      defaultType: typeOf(`particle.${fields.event ?? "event"}`) ?? "hook.received",
      defaultDevice: fields.device,
    });
    const time = publishedMs === undefined ? {} : { time: publishedMs };
    return {
      status: "read",
      reading: { ...rest, event: { ...event, ...time }, dedupeKey: this.#key(fields.identity) },
    };
  }

  #readAlertmanager({ payload }: BelievedRequest): ReadingOutcome {
    const problems = this.#schema?.check(payload) ?? [];
    if (problems.length > 0) return { status: "unusable", problems };
    const read = readAlertGroup(payload);
    if (!read.isRead) return { status: "unusable", problems: read.problems };
    const { type, severity, subject, data, identity } = read.group;
    const reading: Reading = {
      event: { type, severity, subject, data },
      device: deviceOf(this.#templates.device?.fill(payload) ?? ""),
      dedupeKey: this.#key(identity),
    };
    return { status: "read", reading };
  }

  #reading(payload: unknown, defaults: { readonly defaultType: string; readonly defaultDevice: string | undefined }) {
    const { type, severity, subject, device: deviceTemplate } = this.#templates;
    const device = deviceOf(deviceTemplate?.fill(payload) ?? defaults.defaultDevice ?? "");
    return {
      event: {
        type: type === undefined ? defaults.defaultType : (typeOf(type.fill(payload)) ?? "hook.received"),
        severity: severityOf(severity.fill(payload)) ?? "medium",
        subject: subject?.fill(payload).trim() || device || this.name,
        data: { ...(device === "" ? {} : { device }), payload },
      },
      device,
    };
  }

  #key(identity: Uint8Array | string): string {
    return `hooks/${this.name}:${hash("sha256", identity, "base64url")}`;
  }
}

function templateOf(text: string | undefined): Template | undefined {
  return text === undefined ? undefined : new Template(text);
}

function verifierFor({ verifier, secrets, header }: SourceConfig): Verifier {
  const live = secrets.map(
    ({ value, until }): LiveSecret => ({ value: value.reveal(), ...(until === undefined ? {} : { untilMs: until }) }),
  );
  if (verifier === "standard") return new StandardVerifier(live);
  if (verifier === "hub") return new HubVerifier(live);
  return new TokenVerifier({ secrets: live, ...(header === undefined ? {} : { headerName: header }) });
}

function unusable(where: string, problem: string): ReadingOutcome {
  return { status: "unusable", problems: [{ where, problem }] };
}
