/**
 * What happens to a request at `/hooks/NAME`, from its bytes to its answer:
 *
 *     address → verifier (over the raw bytes) → ceiling → content → schema → device's limit → store → 202
 *
 * A stranger learns nothing but 401, whatever the reason. What a believed sender is told says what to mend. 202 is said once the
 * event is on stable storage, and 200 with the id of before when it had been accepted already.
 */
import { type Appended, EventError, type EventLog, type Logger, type Store, StoreError } from "@espalier/service";
import { AddressGate, TokenBuckets } from "@espalier/service/http";
import { Acceptance } from "./acceptance.ts";
import { canarySource } from "./config.ts";
import { gather } from "./digests.ts";
import { readPayload } from "./payload.ts";
import type { Reading } from "./reading.ts";
import type { RejectedRequest } from "./rejections.ts";
import type { HookSource } from "./source.ts";
import type { AuthenticationFailure } from "./verifier.ts";

export interface HookRequest {
  readonly headers: RejectedRequest["headers"];
  readonly body: Uint8Array;
  readonly receivedMs: number;
  /** Of the sender, behind proxies that are trusted. */
  readonly address: string;
}

export interface HookAnswer {
  readonly statusCode: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly retryAfterSeconds?: number;
}

/** What became of it. */
interface Stored extends Appended {
  /** It is part of the digest with that id. */
  readonly isGathered?: boolean;
}

/** What metrics are told. */
export interface HookObserver {
  refused(source: HookSource, failure: AuthenticationFailure): void;
  duplicate(source: HookSource): void;
  limited(source: HookSource, action: "gathered" | "refused"): void;
  heard(source: HookSource, device: string, receivedMs: number): void;
  rejected(request: RejectedRequest): void;
}

export interface HookReceiverOptions {
  readonly store: Store;
  readonly log: EventLog;
  readonly logger: Logger;
  readonly observer: HookObserver;
  readonly sources: readonly HookSource[];
}

/** Senders wait for 20 s at most, and what they do then is worse than asking again. */
const storeTimeoutMs = 15_000;
const storeRetrySeconds = 10;
const maxDevices = 10_000;
const unauthorized = { error: "the request has no valid credentials for this source" };

export class HookReceiver {
  readonly #options: HookReceiverOptions;
  readonly #addresses = new AddressGate();
  readonly #acceptance: Acceptance;
  #sources: ReadonlyMap<string, LimitedSource>;

  constructor(options: HookReceiverOptions) {
    this.#options = options;
    this.#acceptance = new Acceptance(options.store, options.log);
    this.#sources = limited(options.sources, new Map());
  }

  get sources(): readonly HookSource[] {
    return [...this.#sources.values()].map(({ source }) => source);
  }

  source(name: string): HookSource | undefined {
    return this.#sources.get(name)?.source;
  }

  /** Requests under way are answered by the sources of before. */
  replaceSources(sources: readonly HookSource[]): void {
    this.#sources = limited(sources, this.#sources);
  }

  async receive(name: string, request: HookRequest): Promise<HookAnswer> {
    const { observer } = this.#options;
    const limited = this.#sources.get(name);
    // The canary comes from here: it must neither be stopped by what others send from here, nor make their requests familiar.
    const isCanary = name === canarySource;
    const waitSeconds = isCanary ? undefined : this.#addresses.refusal(request.address);
    if (limited === undefined) {
      this.#addresses.failed(request.address);
      return waitSeconds === undefined
        ? { statusCode: 404, body: { error: "there is no such source" } }
        : tooMany(waitSeconds);
    }
    const { source } = limited;
    if (waitSeconds !== undefined) {
      observer.limited(source, "refused");
      return tooMany(waitSeconds);
    }
    const header = (headerName: string) => [request.headers[headerName]].flat()[0];
    const inbound = { header, body: request.body, receivedMs: request.receivedMs };
    const verdict = source.verifier.verify(inbound);
    if (!verdict.isAuthentic) return this.#refuse(source, request, verdict.failure);
    if (!isCanary) this.#addresses.succeeded(request.address);
    if (!limited.ceiling.take("")) {
      observer.limited(source, "refused");
      return tooMany(limited.ceiling.retryAfterSeconds(""));
    }
    const content = readPayload(header("content-type"), request.body);
    if (content.status !== "read") {
      const statusCode = content.status === "unsupported" ? 415 : 422;
      return this.#reject(source, request, statusCode, { error: content.message });
    }
    const outcome = source.read({ ...inbound, payload: content.payload, deliveryId: verdict.deliveryId });
    if (outcome.status === "stale") return this.#refuse(source, request, "stale_timestamp");
    if (outcome.status === "unusable") {
      const error = "the payload is not what this source takes";
      return this.#reject(source, request, 422, { error, problems: outcome.problems });
    }
    const { reading } = outcome;
    observer.heard(source, reading.device, request.receivedMs);
    const isWithinLimit = limited.devices.take(reading.device);
    if (!isWithinLimit) observer.limited(source, "gathered");
    return this.#store(source, request, reading, isWithinLimit);
  }

  async #store(
    source: HookSource,
    request: HookRequest,
    reading: Reading,
    isWithinLimit: boolean,
  ): Promise<HookAnswer> {
    const { observer, logger } = this.#options;
    try {
      const stored = await inTime(
        isWithinLimit ? this.#append(source, request, reading) : this.#gather(source, request, reading),
      );
      const { id, isDuplicate, isGathered }: Stored = stored;
      if (isDuplicate) observer.duplicate(source);
      const status = isDuplicate ? "duplicate" : isGathered ? "gathered" : "accepted";
      return { statusCode: isDuplicate ? 200 : 202, body: { id, status } };
    } catch (error) {
      if (error instanceof EventError) {
        return this.#reject(source, request, 422, { error: `the payload cannot be stored: ${error.message}` });
      }
      // The store itself says that it is away; what else goes wrong is a fault of ours.
      if (!(error instanceof StoreError)) logger.error("a webhook could not be stored", { source: source.name, error });
      return {
        statusCode: 503,
        body: { error: "the event cannot be stored at the moment: send it again" },
        retryAfterSeconds: storeRetrySeconds,
      };
    }
  }

  #append(source: HookSource, { receivedMs }: HookRequest, { event, dedupeKey }: Reading): Promise<Appended> {
    const whole = { ...event, source: `hooks/${source.name}`, dedupeKey };
    return this.#acceptance.accept({ event: whole, dedupeWindowMs: source.dedupeWindowMs, receivedMs });
  }

  #gather(source: HookSource, { receivedMs }: HookRequest, { event, device, dedupeKey }: Reading): Promise<Stored> {
    const { store, log } = this.#options;
    const { dedupeWindowMs, config } = source;
    const gatherMs = config.limit.gather;
    return store.write(async (transaction) => {
      const known = await log.findDuplicate(transaction, dedupeKey);
      if (known !== undefined) return { id: known, isDuplicate: true };
      const request = { source: source.name, device, event, dedupeKey, dedupeWindowMs, gatherMs, receivedMs };
      return { ...(await gather(transaction, request)), isGathered: true };
    });
  }

  #refuse(source: HookSource, request: HookRequest, failure: AuthenticationFailure): HookAnswer {
    this.#addresses.failed(request.address);
    this.#options.observer.refused(source, failure);
    this.#keep(source, request, 401, failure);
    return { statusCode: 401, body: unauthorized };
  }

  #reject(
    source: HookSource,
    request: HookRequest,
    statusCode: 415 | 422,
    body: HookAnswer["body"] & { readonly error: string },
  ): HookAnswer {
    this.#keep(source, request, statusCode, body.error);
    return { statusCode, body };
  }

  #keep(
    source: HookSource,
    { headers, body, receivedMs, address }: HookRequest,
    statusCode: number,
    reason: string,
  ): void {
    this.#options.observer.rejected({ source: source.name, address, statusCode, reason, headers, body, receivedMs });
  }
}

interface LimitedSource {
  readonly source: HookSource;
  readonly devices: TokenBuckets;
  readonly ceiling: TokenBuckets;
}

/** A source whose limits are as before keeps what its senders have used of them. */
function limited(
  sources: readonly HookSource[],
  before: ReadonlyMap<string, LimitedSource>,
): ReadonlyMap<string, LimitedSource> {
  return new Map(
    sources.map((source) => {
      const { average, burst, ceiling } = source.config.limit;
      const known = before.get(source.name);
      const isSame = JSON.stringify(known?.source.config.limit) === JSON.stringify(source.config.limit);
      if (known !== undefined && isSame) return [source.name, { ...known, source }];
      const devices = new TokenBuckets({ average, burst, maxKeys: maxDevices });
      const whole = new TokenBuckets({ average: ceiling, burst: ceiling, maxKeys: 1 });
      return [source.name, { source, devices, ceiling: whole }];
    }),
  );
}

function tooMany(retryAfterSeconds: number): HookAnswer {
  return { statusCode: 429, body: { error: "too many requests" }, retryAfterSeconds };
}

function inTime<T>(storing: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new StoreError("ERR_STORE_BUSY", `nothing was stored within ${storeTimeoutMs} ms`));
    }, storeTimeoutMs);
    storing.then(
      (stored) => {
        clearTimeout(timer);
        resolve(stored);
      },
      (error) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}
