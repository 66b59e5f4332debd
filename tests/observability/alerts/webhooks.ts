/** When the alerts about webhooks that are taken fire, and when they do not. */
import { type AlertCase, down, type Samples, up } from "./case.ts";

const refused = (samples: string, source = "generic"): Samples => ({
  [`webhook_auth_failures_total{job="espalier",instance="n1",source_type="${source}",failure_reason="wrong_credentials"}`]:
    samples,
});
const webhooks = (statusCode: string, samples: string, sourceType = "generic"): Samples => ({
  [`webhook_requests_total{status_code="${statusCode}",source_type="${sourceType}"}`]: samples,
});

const durations = (fast: number): Samples => ({
  'webhook_request_duration_seconds_bucket{source_type="generic",le="0.1"}': `0+${fast}x20`,
  'webhook_request_duration_seconds_bucket{source_type="generic",le="0.5"}': `0+${fast}x20`,
  'webhook_request_duration_seconds_bucket{source_type="generic",le="1"}': "0+100x20",
  'webhook_request_duration_seconds_bucket{source_type="generic",le="+Inf"}': "0+100x20",
});

export const webhookAlerts: Readonly<Record<string, AlertCase>> = {
  WebhookServiceDown: down("notify", "The notification service n1 is down"),
  HighErrorRate: {
    firing: {
      at: "10m",
      series: { ...webhooks("202", "0+80x20"), ...webhooks("503", "0+20x20") },
      summary: "20% of the webhooks are answered with an error",
    },
    silent: [
      {
        because: "strangers who are refused are no error, however many they are",
        at: "10m",
        series: { ...webhooks("202", "0+80x20"), ...webhooks("503", "0x20"), ...webhooks("401", "0+500x20") },
      },
      {
        because: "a page of our own that is not ready is no webhook",
        at: "10m",
        series: { ...webhooks("202", "0+80x20"), ...webhooks("503", "0+20x20", "none") },
      },
      {
        because: "one error is not a rate",
        at: "10m",
        series: { ...webhooks("202", "0+1x20"), ...webhooks("503", "0 0 0 0 0 0 1 1x20") },
      },
    ],
  },
  HighResponseTime: {
    firing: { at: "15m", series: durations(90), summary: "Every twentieth webhook waits 750ms or longer" },
    silent: [{ because: "three in a hundred are slow", at: "15m", series: durations(97) }],
  },
  AuthenticationFailures: {
    firing: {
      at: "20m",
      series: { ...up("notify", "1x30"), ...refused("_x17 12 12x20") },
      labels: { source_type: "generic" },
      summary: "12 webhooks with wrong credentials at generic sources in 15 minutes",
    },
    silent: [
      {
        because: "ten in a quarter of an hour are a mistake",
        at: "20m",
        series: { ...up("notify", "1x30"), ...refused("_x17 10x20") },
      },
      {
        because: "they were there before Prometheus was, and nobody knows when",
        at: "5m",
        series: { ...up("notify", "_x3 1x30"), ...refused("_x3 40x20") },
      },
      {
        because: "they ended an hour ago",
        at: "80m",
        series: { ...up("notify", "1x100"), ...refused("0+5x20 100x80") },
      },
    ],
  },
  SourceSilent: {
    firing: {
      at: "1m",
      series: {
        'webhook_silent_devices{instance="n1",source="particle"}': "2x5",
        'webhook_silent_devices{instance="n2",source="particle"}': "2x5",
      },
      labels: { source: "particle" },
      summary: "2 devices of the source particle are silent",
    },
    silent: [
      {
        because: "all are heard",
        at: "1m",
        series: { 'webhook_silent_devices{instance="n1",source="particle"}': "0x5" },
      },
    ],
  },
};
