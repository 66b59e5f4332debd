/** What people look at and do about notifications, over the store: beside the service, in its process or in another. */
import { type EventLog, type Logger, type Severity, type Store, type StoredEvent, severities } from "@espalier/service";
import type { Approval, ApprovalState } from "./approvals/approval.ts";
import { type LockedUser, listApprovals, listLockedUsers } from "./approvals/list.ts";
import { unlockApprovals } from "./approvals/unlock.ts";
import type { SendOutcome } from "./channels/channel.ts";
import { type NotifyConfig, routesOf } from "./config.ts";
import { type ChannelState, enableChannel, readChannelStates } from "./deliveries/channel-state.ts";
import { type DeadLetter, DeadLetters, type Replayed } from "./deliveries/dead-letters.ts";
import type { DeliveryState } from "./deliveries/delivery.ts";
import { countDeliveries, type DeliveryPage, listDeliveries } from "./deliveries/list.ts";
import { verifierOf } from "./hooks/config.ts";
import { listRejections, type Rejection } from "./hooks/rejections.ts";
import { readStory, type Story, type StoryEscalation } from "./routes/story.ts";
import { sendTestMessage } from "./test-message.ts";

export interface ChannelOverview {
  readonly name: string;
  readonly kind: string;
  readonly state: "works" | "fails" | "paused" | "disabled" | "unknown";
  /** Since when, in milliseconds since 1970, of one that fails or is disabled; until when, of one that is paused. */
  readonly at?: number;
  /** Why it was disabled. */
  readonly reason?: string;
  readonly pending: number;
  readonly dead: number;
  readonly lastDeliveredAt?: number;
}

export interface RouteOverview {
  readonly name: string;
  readonly types: readonly string[];
  readonly severities: readonly Severity[];
  readonly subjects: readonly string[];
  readonly channels: readonly string[];
  /** Later, while nobody acknowledges. */
  readonly escalates: readonly { readonly afterMs: number; readonly channels: readonly string[] }[];
  readonly isDigest: boolean;
}

export interface NotificationsOverview {
  readonly sources: readonly { readonly name: string; readonly verifier: string }[];
  readonly channels: readonly ChannelOverview[];
  readonly routes: readonly RouteOverview[];
  readonly hasApprovals: boolean;
}

/** With the channels of each step, as far as its route still has it. */
export interface EventStory extends Omit<Story, "incidents"> {
  readonly incidents: readonly (Omit<Story["incidents"][number], "escalations"> & {
    readonly escalations: readonly (StoryEscalation & { readonly channels: readonly string[] })[];
  })[];
}

export interface NotifyAdministrationOptions {
  /** As it is at the moment. */
  readonly config: () => NotifyConfig;
  readonly store: Store;
  readonly log: EventLog;
  readonly logger: Logger;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

export class NotifyAdministration {
  readonly #options: NotifyAdministrationOptions;
  readonly #now: () => number;
  readonly #deadLetters: DeadLetters;

  constructor(options: NotifyAdministrationOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#deadLetters = new DeadLetters(options);
  }

  async overview(): Promise<NotificationsOverview> {
    const { config: current, store } = this.#options;
    const config = current();
    const [states, counts] = await Promise.all([readChannelStates(store), countDeliveries(store)]);
    return {
      sources: Object.entries(config.sources).map(([name, source]) => ({
        name,
        verifier: verifierOf(name, source) ?? "token",
      })),
      channels: Object.entries(config.channels).map(([name, { kind }]) => ({
        ...{ name, kind, pending: 0, dead: 0 },
        ...counts.get(name),
        ...stateOf(states.get(name), counts.get(name)?.lastDeliveredAt, this.#now()),
      })),
      routes: routesOf(config).map(({ name, match, channels, escalate = [], digest }) => ({
        ...{ name, channels },
        types: match.type ?? [],
        severities: match.severity ?? severities,
        subjects: match.subject ?? [],
        escalates: escalate.map((step) => ({ afterMs: step.after, channels: step.channels })),
        isDigest: digest !== undefined,
      })),
      hasApprovals: config.approvals !== undefined,
    };
  }

  /** Of the configured channels: what the service sends to itself to see that it works is no news to anybody. */
  deliveries(
    filter: { readonly states?: readonly DeliveryState[] | undefined; readonly channel?: string | undefined },
    page: { readonly limit: number; readonly before?: string | undefined },
  ): Promise<DeliveryPage> {
    const { states, channel } = filter;
    const configured = Object.keys(this.#options.config().channels);
    const channels = channel === undefined ? configured : configured.filter((name) => name === channel);
    return listDeliveries(this.#options.store, { channels, ...(states && { states }) }, page);
  }

  /** @throws DeliveryError */
  delivery(id: string): Promise<DeadLetter> {
    return this.#deadLetters.show(id);
  }

  /** What came of an event, without what the service sends to itself. */
  async story(event: StoredEvent): Promise<EventStory> {
    const { config: current, store, log } = this.#options;
    const config = current();
    const routes = new Map(routesOf(config).map((route) => [route.name, route]));
    const { events, deliveries, incidents } = await readStory(store, log, event);
    return {
      events,
      deliveries: deliveries.filter(({ channel }) => Object.hasOwn(config.channels, channel)),
      incidents: incidents.map(({ escalations, ...incident }) => ({
        ...incident,
        escalations: escalations.map((escalation) => ({
          ...escalation,
          channels: routes.get(escalation.route)?.escalate?.[escalation.step]?.channels ?? [],
        })),
      })),
    };
  }

  /** @throws DeliveryError */
  replay(id: string, actor: string): Promise<void> {
    return this.#deadLetters.replay(id, actor);
  }

  /** All dead letters, of one channel or of all. */
  replayAll(channel: string | undefined, actor: string): Promise<Replayed> {
    return this.#deadLetters.replayAll(channel === undefined ? {} : { channel }, actor);
  }

  /** Undefined where there is no such channel. */
  test(channel: string): Promise<SendOutcome | undefined> {
    return sendTestMessage(this.#options.config(), channel, this.#options.logger);
  }

  /** Resolves to whether it was disabled. */
  enable(channel: string, actor: string): Promise<boolean> {
    const { store, log } = this.#options;
    return enableChannel(store, log, channel, actor);
  }

  rejections(limit: number): Promise<readonly Rejection[]> {
    return listRejections(this.#options.store, { limit });
  }

  approvals(filter: {
    readonly state?: ApprovalState | undefined;
    readonly limit: number;
  }): Promise<readonly Approval[]> {
    return listApprovals(this.#options.store, filter);
  }

  lockedUsers(): Promise<readonly LockedUser[]> {
    return listLockedUsers(this.#options.store, this.#now());
  }

  /** Resolves to how many locks there were. */
  unlock(username: string, actor: string): Promise<number> {
    const { store, log } = this.#options;
    return unlockApprovals(store, log, { username, actor, now: this.#now() });
  }
}

/** A channel that nothing was sent to yet is unknown, and not well. */
function stateOf(
  state: ChannelState | undefined,
  lastDeliveredAt: number | undefined,
  now: number,
): Pick<ChannelOverview, "state" | "at" | "reason"> {
  if (state?.disabled !== undefined) {
    return { state: "disabled", at: state.disabled.at, reason: state.disabled.reason };
  }
  if (state?.failingSince !== undefined) return { state: "fails", at: state.failingSince };
  if (state?.pausedUntil !== undefined && state.pausedUntil > now) return { state: "paused", at: state.pausedUntil };
  return { state: lastDeliveredAt === undefined ? "unknown" : "works" };
}
