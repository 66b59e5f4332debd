/** When the alerts about notifications and their deliveries fire, and when they do not. */
import { type AlertCase, node, type Samples } from "./case.ts";

const attempts = (status: string, samples: string, method = "mail"): Samples => ({
  [`notification_delivery_total{delivery_method="${method}",status="${status}"}`]: samples,
});
export const deliveryAlerts: Readonly<Record<string, AlertCase>> = {
  QueueStalled: {
    firing: {
      at: "10m",
      series: { 'notification_oldest_pending_seconds{instance="n1"}': "0+60x20" },
      summary: "A message has been due for 10m 0s",
    },
    silent: [
      {
        because: "messages wait for minutes at times",
        at: "10m",
        series: { 'notification_oldest_pending_seconds{instance="n1"}': "0+60x4 0+60x4 0+60x4" },
      },
    ],
  },
  RoutingStalled: {
    firing: {
      at: "15m",
      series: {
        'notification_unrouted_events{instance="n1"}': "3x20",
        'notification_events_routed_total{result="told"}': "500x20",
      },
      summary: "3 events wait to be routed, and none was for 10 minutes",
    },
    silent: [
      {
        because: "there is always one that waits, and each is routed",
        at: "15m",
        series: {
          'notification_unrouted_events{instance="n1"}': "3x20",
          'notification_events_routed_total{result="told"}': "500+3x20",
        },
      },
    ],
  },
  DeadLettersGrowing: {
    firing: {
      at: "30m",
      series: { 'notification_dead_letters{instance="n1"}': "7x10 8x40" },
      summary: "Messages were given up in the last hour",
    },
    silent: [
      { because: "they are old ones", at: "3h", series: { 'notification_dead_letters{instance="n1"}': "7x300" } },
      {
        because: "they were sent again",
        at: "30m",
        series: { 'notification_dead_letters{instance="n1"}': "7x10 0x40" },
      },
    ],
  },
  DeliverySuccessLow: {
    firing: {
      at: "90m",
      series: { ...attempts("success", "0+9x100"), ...attempts("retry", "0+1x100"), ...attempts("failure", "0x100") },
      labels: { delivery_method: "mail" },
      summary: "90% of the attempts to deliver by mail succeed",
    },
    silent: [
      {
        because: "one in 200 is tried twice",
        at: "90m",
        series: { ...attempts("success", "0+199x100"), ...attempts("retry", "0+1x100") },
      },
      {
        because: "two that are tried again, among few, say nothing",
        at: "90m",
        series: { ...attempts("success", "0x40 5x100"), ...attempts("retry", "0x40 1 2x100") },
      },
      {
        because: "what nobody needs to hear of any more has not failed",
        at: "90m",
        series: {
          ...attempts("success", "0+199x100"),
          ...attempts("retry", "0+1x100"),
          ...attempts("expired", "0+90x100"),
        },
      },
    ],
  },
  EndpointDisabled: {
    firing: {
      at: "1m",
      series: { 'notification_channel_disabled{instance="n1",channel="pager"}': "1x5" },
      labels: { channel: "pager" },
      summary: "The channel pager is not used any more",
      description:
        "It failed for days, or its endpoint does not want to hear from us. Mend it, then `espalier notify enable pager`.",
    },
    silent: [
      {
        because: "it is used",
        at: "1m",
        series: { 'notification_channel_disabled{instance="n1",channel="pager"}': "0x5" },
      },
    ],
  },
  CanaryMissing: {
    firing: {
      at: "10m",
      series: {
        'notification_canary_arrived_timestamp_seconds{instance="n1"}': "60x20",
        'notification_canary_arrived_timestamp_seconds{instance="n2"}': "0x20",
      },
      summary: "Events do not get through the notification service",
    },
    silent: [
      {
        because: "the other node takes them",
        at: "10m",
        series: {
          'notification_canary_arrived_timestamp_seconds{instance="n1"}': "60x20",
          'notification_canary_arrived_timestamp_seconds{instance="n2"}': "0+60x20",
        },
      },
      {
        because: "the service has just begun",
        at: "10m",
        series: { 'notification_canary_arrived_timestamp_seconds{instance="n1"}': "_x9 0 600x20" },
      },
    ],
  },
  CanaryRefused: {
    firing: {
      at: "10m",
      series: { 'notification_canary_total{job="espalier",instance="n1",result="refused"}': "0+1x20" },
      labels: node,
      summary: "n1 does not take its own test events",
    },
    silent: [
      {
        because: "one was refused while it started",
        at: "10m",
        series: { 'notification_canary_total{job="espalier",instance="n1",result="refused"}': "0x6 1x20" },
      },
    ],
  },
  AlertsNotTaken: {
    firing: {
      at: "30m",
      series: {
        'alertmanager_notifications_failed_total{job="alertmanager",instance="a1",integration="webhook",reason="clientError"}':
          "0+1x40",
      },
      labels: { job: "alertmanager", instance: "a1", integration: "webhook" },
      summary: "Alertmanager cannot hand its alerts over (webhook)",
    },
    silent: [
      {
        because: "none has failed",
        at: "30m",
        series: {
          'alertmanager_notifications_failed_total{job="alertmanager",instance="a1",integration="webhook"}': "5x40",
        },
      },
    ],
  },
};
