/** Conditions on a row of `approvals`: whether a message about it has arrived, or none ever will. */
import { sql } from "@espalier/service";

const deliveriesOfIt = sql`SELECT 1 FROM delivery_events JOIN deliveries ON deliveries.id = delivery_events.delivery_id
  WHERE delivery_events.event_id = approvals.event_id`;
export const isDelivered = sql`EXISTS (${deliveriesOfIt} AND deliveries.state = 'delivered')`;
/** It was routed, and no message about it has arrived or is on its way. */
export const isUnreachable = sql`(EXISTS (SELECT 1 FROM events JOIN routing ON routing.position >= events.position
    WHERE events.id = approvals.event_id)
  AND NOT EXISTS (${deliveriesOfIt} AND deliveries.state IN ('pending', 'sending', 'delivered')))`;
