/** When the alerts about the checks of what runs fire, and when they do not. */
import { type AlertCase, node, ofNode, type Samples } from "./case.ts";

const finding = (severity: string, wait: string): AlertCase => {
  const labels = { ...node, rule: "TLS003", severity, subject: "ldaps://ldap1:636" };
  const series = (samples: string, grave = severity): Samples => ({
    [`espalier_check_findings{job="espalier",instance="n1",rule="TLS003",severity="${grave}",subject="ldaps://ldap1:636"}`]:
      samples,
  });
  return {
    firing: {
      ...{ at: "10m", series: series("_ 1x20"), labels, summary: "TLS003: ldaps://ldap1:636" },
      description:
        "`espalier check --live` says what is wrong and what to do, `espalier check --explain TLS003` why it matters.",
    },
    silent: [
      { because: `it is not there for ${wait} yet`, at: "10m", series: series("_x10 1x20") },
      { because: "it is not as grave", at: "10m", series: series("1x20", "medium") },
    ],
  };
};
const checkInterval = ofNode("espalier_check_interval_seconds", "300x60");

export const checkAlerts: Readonly<Record<string, AlertCase>> = {
  FindingCritical: finding("critical", "1m"),
  FindingHigh: finding("high", "5m"),
  ChecksStopped: {
    firing: {
      at: "40m",
      series: { ...ofNode("espalier_check_last_run_timestamp_seconds", "600x60"), ...checkInterval },
      labels: node,
      summary: "n1 no longer looks at what runs",
    },
    silent: [
      {
        because: "it looks every five minutes",
        at: "40m",
        series: {
          ...ofNode("espalier_check_last_run_timestamp_seconds", "0x4 300x4 600x4 900x4 1200x4 1500x4 1800x4 2100x4"),
          ...checkInterval,
        },
      },
      {
        because: "it has just begun, and has not looked yet",
        at: "2m",
        series: { ...ofNode("espalier_check_last_run_timestamp_seconds", "0x20"), ...checkInterval },
      },
    ],
  },
  ChecksBlind: {
    firing: {
      at: "60m",
      series: ofNode("espalier_check_unreadable", "0x10 2x60"),
      labels: node,
      summary: "2 things cannot be looked at by n1",
    },
    silent: [
      { because: "the next looks could", at: "60m", series: ofNode("espalier_check_unreadable", "0x40 2x10 0x20") },
    ],
  },
};
