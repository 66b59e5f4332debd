/** Where the manager gets what it shows of notifications. They are another service's: whoever starts both puts it behind this. */
import type { StoredEvent } from "@espalier/service";
import type { z } from "zod";
import type { storySchema } from "../stories/routes.ts";
import type {
  approvalSchema,
  deliverySchema,
  deliveryStorySchema,
  lockedUserSchema,
  overviewSchema,
  rejectionSchema,
} from "./routes.ts";

type Facts<Schema extends z.ZodType> = Readonly<z.input<Schema>>;

interface DeliveryStory extends Omit<Facts<typeof deliveryStorySchema>, "told"> {
  readonly told: readonly StoredEvent[];
}

interface Story extends Omit<Facts<typeof storySchema>, "events"> {
  readonly events: readonly StoredEvent[];
}

export interface NotificationSource {
  overview(): Promise<Facts<typeof overviewSchema>>;
  deliveries(
    filter: {
      readonly states?: readonly Facts<typeof deliverySchema>["state"][] | undefined;
      readonly channel?: string | undefined;
    },
    page: { readonly limit: number; readonly before?: string | undefined },
  ): Promise<{ readonly deliveries: readonly Facts<typeof deliverySchema>[]; readonly cursor?: string }>;
  /** Undefined where there is none. */
  delivery(id: string): Promise<DeliveryStory | undefined>;
  /** What came of an event, which is among the events of its story. */
  story(event: StoredEvent): Promise<Story>;
  /** Resolves to why it was not done, a sentence; undefined when it was. */
  replay(id: string, actor: string): Promise<string | undefined>;
  /** All that were given up, or those to one channel. */
  replayAll(
    channel: string | undefined,
    actor: string,
  ): Promise<{ readonly replayed: number; readonly skipped: number }>;
  /** Undefined where there is no such channel. */
  test(channel: string): Promise<{ readonly isDelivered: boolean; readonly detail?: string } | undefined>;
  /** Resolves to whether it was disabled. */
  enable(channel: string, actor: string): Promise<boolean>;
  rejections(limit: number): Promise<readonly Facts<typeof rejectionSchema>[]>;
  approvals(filter: {
    readonly state?: Facts<typeof approvalSchema>["state"] | undefined;
    readonly limit: number;
  }): Promise<readonly Facts<typeof approvalSchema>[]>;
  lockedUsers(): Promise<readonly Facts<typeof lockedUserSchema>[]>;
  /** Resolves to how many locks were taken away. */
  unlock(username: string, actor: string): Promise<number>;
}
