/** When the alerts about the manager fire, and when they do not. */
import { type AlertCase, down, node, ofNode, type Samples } from "./case.ts";

const writes = (outcome: string, samples: string): Samples => ({
  [`espalier_manager_operations_total{job="espalier",instance="n1",directory="main",node="ldap1",kind="write",outcome="${outcome}"}`]:
    samples,
});
const managed = (metric: string, samples: string, node = "ldap1"): Samples => ({
  [`espalier_manager_${metric}{job="espalier",instance="n1",directory="main",node="${node}"}`]: samples,
});

const ofDirectory = { ...node, directory: "main", node: "ldap1" };

const requests = (statusCode: string, samples: string, route = "/api/v1/session"): Samples => ({
  [`espalier_manager_http_requests_total{job="espalier",instance="n1",route="${route}",status_code="${statusCode}"}`]:
    samples,
});

const signIns = (outcome: string, samples: string): Samples => ({
  [`espalier_manager_sign_ins_total{job="espalier",instance="n1",method="password",outcome="${outcome}"}`]: samples,
});

const lag = (samples: string, serverId = "1"): Samples => ({
  [`espalier_manager_replication_lag_seconds{job="espalier",instance="n1",directory="main",node="ldap1",server_id="${serverId}"}`]:
    samples,
});

export const managerAlerts: Readonly<Record<string, AlertCase>> = {
  ManagerDown: down("manager", "The manager n1 is down"),
  ManagerErrors: {
    firing: {
      at: "10m",
      series: { ...requests("200", "0+80x20"), ...requests("503", "0+20x20") },
      labels: node,
      summary: "20% of the requests to the manager n1 are answered with an error",
    },
    silent: [
      {
        because: "strangers who are refused are no error, however many they are",
        at: "10m",
        series: { ...requests("200", "0+80x20"), ...requests("401", "0+500x20"), ...requests("503", "0x20") },
      },
      {
        because: "what asks for its health is answered as it is",
        at: "10m",
        series: { ...requests("200", "0+80x20"), ...requests("503", "0+20x20", "/health") },
      },
      {
        because: "one error is not a rate",
        at: "10m",
        series: { ...requests("200", "0+1x20"), ...requests("500", "0 0 0 0 0 0 1 1x20") },
      },
    ],
  },
  SignInsRefused: {
    firing: {
      at: "30m",
      series: { ...signIns("refused", "0+1x40"), ...signIns("too_many", "0+1x40") },
      labels: node,
      summary: "30 attempts to sign in to the manager n1 were refused in 15 minutes",
    },
    silent: [
      {
        because: "people mistype their passwords, and give a second factor",
        at: "30m",
        series: {
          ...signIns("refused", "0+1x40"),
          ...signIns("second_factor_needed", "0+9x40"),
          ...signIns("opened", "0+9x40"),
        },
      },
    ],
  },
  ManagerNodeDown: {
    firing: {
      at: "5m",
      series: { ...managed("node_up", "1 0x10"), ...managed("node_up", "1x10", "ldap2") },
      labels: ofDirectory,
      summary: "ldap1 of main does not answer the manager n1",
    },
    silent: [{ because: "it answers again at once", at: "5m", series: managed("node_up", "1 1 0 1x10") }],
  },
  ManagerNoNode: {
    firing: {
      at: "5m",
      series: { ...managed("node_up", "1 0x10"), ...managed("node_up", "1 0x10", "ldap2") },
      labels: { ...node, directory: "main" },
      summary: "No server of main answers the manager n1",
    },
    silent: [
      {
        because: "another one does",
        at: "5m",
        series: { ...managed("node_up", "1 0x10"), ...managed("node_up", "1x10", "ldap2") },
      },
    ],
  },
  ReplicationLagging: {
    firing: {
      at: "20m",
      series: { ...lag("0x5 600x20"), ...lag("0x30", "2") },
      labels: ofDirectory,
      summary: "ldap1 of main is 10m 0s behind",
    },
    silent: [
      { because: "it is a minute behind", at: "20m", series: lag("60x30") },
      { because: "it comes after a restart", at: "20m", series: lag("0x14 600x2 0x20") },
    ],
  },
  ReplicationUnknown: {
    firing: {
      at: "60m",
      series: managed("replication_unknown", "0x20 1x60"),
      labels: ofDirectory,
      summary: "Whether ldap1 of main has all changes is not known any more",
    },
    silent: [
      {
        because: "it never was: the server says nothing of it",
        at: "60m",
        series: managed("replication_unknown", "1x80"),
      },
      { because: "it is known again", at: "60m", series: managed("replication_unknown", "0x20 1x20 0x40") },
    ],
  },
  ChangesInDoubt: {
    firing: {
      at: "20m",
      series: { ...writes("in_doubt", "0x15 1x20"), ...writes("ok", "0+5x40") },
      labels: { ...node, directory: "main" },
      summary: "The manager n1 sent changes to main that were never answered",
    },
    silent: [
      {
        because: "that was long ago",
        at: "60m",
        series: { ...writes("in_doubt", "0x15 1x60"), ...writes("ok", "0+5x80") },
      },
      { because: "a directory that says no has answered", at: "20m", series: writes("refused", "0+5x30") },
    ],
  },
  ChangesUnrecorded: {
    firing: {
      at: "20m",
      series: ofNode("espalier_manager_changes_unrecorded", "0x5 3x20"),
      labels: node,
      summary: "What became of 3 changes is not in the audit trail of n1 yet",
    },
    silent: [
      {
        because: "the store was away for a moment",
        at: "20m",
        series: ofNode("espalier_manager_changes_unrecorded", "0x5 3x2 0x20"),
      },
    ],
  },
};
