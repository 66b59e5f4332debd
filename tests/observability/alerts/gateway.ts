/** When the alerts about the gateway fire, and when they do not. */
import { type AlertCase, down, node, ofNode, type Samples, up } from "./case.ts";

const bindRefusals = (reason: string, samples: string): Samples => ({
  [`espalier_gateway_bind_refusals_total{job="espalier",instance="n1",reason="${reason}"}`]: samples,
});

export const gatewayAlerts: Readonly<Record<string, AlertCase>> = {
  GatewayDown: down("gateway", "The gateway n1 is down"),
  DatabaseAway: {
    firing: {
      at: "5m",
      series: ofNode("espalier_gateway_database_away", "0 1x10"),
      labels: node,
      summary: "The gateway n1 does not reach its database",
    },
    silent: [
      {
        because: "it was restarted, and is back",
        at: "5m",
        series: ofNode("espalier_gateway_database_away", "0 0 0 1 0 1 0 0"),
      },
    ],
  },
  SnapshotOld: {
    firing: {
      at: "5m",
      series: ofNode("espalier_gateway_snapshot_age_seconds", "0+60x10"),
      labels: node,
      summary: "The gateway n1 serves what was true 5m 0s ago",
    },
    silent: [
      {
        because: "it is refreshed",
        at: "5m",
        series: ofNode("espalier_gateway_snapshot_age_seconds", "3 4 2 5 3 4 5"),
      },
    ],
  },
  RowsSkipped: {
    firing: {
      at: "20m",
      series: ofNode("espalier_gateway_skipped_rows", "2x30"),
      labels: node,
      summary: "2 rows of the database are not served by n1",
    },
    silent: [
      {
        because: "they were mended within minutes",
        at: "20m",
        series: ofNode("espalier_gateway_skipped_rows", "2x8 0x30"),
      },
    ],
  },
  PasswordsGuessed: {
    firing: {
      at: "30m",
      series: { ...up("gateway", "1x40"), ...bindRefusals("backed off", "0+2x40") },
      labels: node,
      summary: "30 logins were held back by n1 in 15 minutes",
    },
    silent: [
      {
        because: "people mistype their passwords",
        at: "30m",
        series: { ...up("gateway", "1x40"), ...bindRefusals("wrong password", "0+9x40") },
      },
    ],
  },
  ApprovalServiceDown: {
    firing: {
      at: "20m",
      series: { ...up("gateway", "1x30"), ...bindRefusals("approval not to be had", "_x17 2x20") },
      labels: { ...node, reason: "approval not to be had" },
      summary: "n1 cannot ask for approvals",
    },
    silent: [
      {
        because: "people say no",
        at: "20m",
        series: { ...up("gateway", "1x30"), ...bindRefusals("not approved", "0+5x30") },
      },
    ],
  },
};
