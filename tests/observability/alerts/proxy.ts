/** When the alerts about the proxy fire, and when they do not. */
import { type AlertCase, down, node, ofNode, type Samples, up } from "./case.ts";

const backend = (metric: string, name: string, samples: string, instance = "n1"): Samples => ({
  [`espalier_proxy_${metric}{job="espalier",instance="${instance}",backend="${name}"}`]: samples,
});

export const proxyAlerts: Readonly<Record<string, AlertCase>> = {
  ProxyDown: down("proxy", "The proxy n1 is down"),
  BackendDown: {
    firing: {
      at: "5m",
      series: { ...backend("backend_up", "ldap1:636", "1 0x10"), ...backend("backend_up", "ldap2:636", "1x10") },
      labels: { ...node, backend: "ldap1:636" },
      summary: "n1 has lost the backend ldap1:636",
    },
    silent: [{ because: "it is up", at: "5m", series: backend("backend_up", "ldap1:636", "1x10") }],
  },
  NoBackend: {
    firing: {
      at: "5m",
      series: {
        ...backend("backend_accepts_new", "ldap1:636", "1 0x10"),
        ...backend("backend_accepts_new", "ldap2:636", "0x10"),
        ...backend("backend_accepts_new", "ldap2:636", "1x10", "n2"),
      },
      labels: node,
      summary: "n1 has no backend left",
    },
    silent: [
      {
        because: "one is left",
        at: "5m",
        series: {
          ...backend("backend_accepts_new", "ldap1:636", "0x10"),
          ...backend("backend_accepts_new", "ldap2:636", "1x10"),
        },
      },
    ],
  },
  WriteNodeChanged: {
    firing: {
      at: "8m",
      series: { ...backend("write_node", "ldap1:636", "1x4 stale"), ...backend("write_node", "ldap2:636", "_x5 1x30") },
      labels: node,
      summary: "n1 sends its writes to another backend than before",
    },
    silent: [
      { because: "it is the same", at: "20m", series: backend("write_node", "ldap1:636", "1x30") },
      {
        because: "it has been the same for a quarter of an hour",
        at: "20m",
        series: {
          ...backend("write_node", "ldap1:636", "1x4 stale"),
          ...backend("write_node", "ldap2:636", "_x5 1x30"),
        },
      },
    ],
  },
  WriteNodeMissing: {
    firing: {
      at: "10m",
      series: { ...up("proxy", "1x20"), ...backend("write_node", "ldap1:636", "1x4 stale") },
      labels: node,
      summary: "n1 has no backend that takes writes",
    },
    silent: [
      {
        because: "another one takes them",
        at: "10m",
        series: {
          ...up("proxy", "1x20"),
          ...backend("write_node", "ldap1:636", "1x4 stale"),
          ...backend("write_node", "ldap2:636", "_x5 1x20"),
        },
      },
      {
        because: "the proxy itself is down, which is another alert",
        at: "10m",
        series: { ...up("proxy", "1x4 0x20"), ...backend("write_node", "ldap1:636", "1x4 stale") },
      },
      {
        because: "it never had one",
        at: "10m",
        series: { ...up("proxy", "1x20"), ...backend("backend_up", "a", "1x20") },
      },
    ],
  },
  WriteNodesDisagree: {
    firing: {
      at: "10m",
      series: { ...backend("write_node", "ldap1:636", "1x20"), ...backend("write_node", "ldap2:636", "1x20", "n2") },
      labels: { job: "espalier" },
      summary: "Proxies send writes to 2 different backends",
    },
    silent: [
      {
        because: "both have changed, one a scrape later",
        at: "10m",
        series: {
          ...backend("write_node", "ldap1:636", "1x9 stale"),
          ...backend("write_node", "ldap2:636", "_x10 1x20"),
          ...backend("write_node", "ldap1:636", "1x8 stale", "n2"),
          'espalier_proxy_write_node{job="espalier",instance="n2",backend="ldap2:636"}': "_x9 1x20",
        },
      },
      {
        because: "they serve different clusters",
        at: "10m",
        series: {
          'espalier_proxy_write_node{job="espalier",instance="n1",cluster="a",backend="a1"}': "1x20",
          'espalier_proxy_write_node{job="espalier",instance="n2",cluster="b",backend="b1"}': "1x20",
        },
      },
    ],
  },
  WritesInDoubt: {
    firing: {
      at: "20m",
      series: ofNode("espalier_proxy_writes_in_doubt_total", "0x15 1x20"),
      labels: node,
      summary: "n1 sent writes that were never answered",
    },
    silent: [
      { because: "that was long ago", at: "60m", series: ofNode("espalier_proxy_writes_in_doubt_total", "0x15 1x60") },
    ],
  },
  ProxyQueue: {
    firing: {
      at: "20m",
      series: {
        ...ofNode("espalier_proxy_queue_duration_seconds_count", "0+25x30"),
        'espalier_proxy_operations_total{job="espalier",instance="n1",operation="search",result="success"}': "0+60x30",
        'espalier_proxy_operations_total{job="espalier",instance="n1",operation="bind",result="success"}': "0+40x30",
      },
      labels: node,
      summary: "25% of the operations at n1 wait for a backend",
    },
    silent: [
      {
        because: "five in a hundred wait",
        at: "20m",
        series: {
          ...ofNode("espalier_proxy_queue_duration_seconds_count", "0+5x30"),
          'espalier_proxy_operations_total{job="espalier",instance="n1",operation="search",result="success"}':
            "0+100x30",
        },
      },
    ],
  },
};
