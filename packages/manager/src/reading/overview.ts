/** Answers about the clusters themselves. */
import { Oid } from "@espalier/ldap";
import type { z } from "zod";
import { ApiError } from "../api/problem.ts";
import type { Handlers } from "../api/route.ts";
import type { Cluster, Clusters, NodeStatus, ServerFacts } from "../clusters/cluster.ts";
import { actions, type Session } from "../sessions/session.ts";
import type { clusterRoutes, factsSchema, nodeStatusSchema } from "./cluster-routes.ts";
import { creationForms } from "./creation-forms.ts";
import { targetOf } from "./target.ts";

/** draft-armijo-ldap-treedelete-02 */
const treeDelete = "1.2.840.113556.1.4.805";

export function clusterHandlers({ clusters }: { readonly clusters: Clusters }): Handlers<typeof clusterRoutes> {
  return {
    "GET /clusters": ({ session }) => ({ clusters: clusters.all.map((cluster) => summary(cluster, session)) }),

    "GET /clusters/{cluster}": async (request) => {
      const { cluster, identity } = targetOf(clusters, request);
      try {
        const [facts, baseDn] = await Promise.all([cluster.facts(identity), cluster.baseDn(identity)]);
        return { ...summary(cluster, request.session), baseDn, facts: factsJson(facts) };
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        return { ...summary(cluster, request.session), problem: error.message };
      }
    },

    "GET /clusters/{cluster}/forms": (request) => creationForms(targetOf(clusters, request).cluster.config),
  };
}

/** What the directory's addresses are is nobody's business who is not signed in to it. */
function summary(cluster: Cluster, session: Session) {
  const { name, config } = cluster;
  const isConnected = session.clusters.includes(name);
  return {
    name,
    description: config.description,
    isReadOnly: config.readonly,
    isConnected,
    may: isConnected ? actions.filter((action) => session.may(action, name)) : [],
    nodes: isConnected ? cluster.nodes().map(nodeStatusJson) : [],
  };
}

export function nodeStatusJson({
  reason,
  checkedAt,
  responseMs,
  ...status
}: NodeStatus): z.input<typeof nodeStatusSchema> {
  return {
    ...status,
    ...(reason === undefined ? {} : { reason }),
    ...(checkedAt === undefined ? {} : { checkedAt: new Date(checkedAt).toISOString() }),
    ...(responseMs === undefined ? {} : { responseMs }),
  };
}

export function factsJson(facts: ServerFacts): z.input<typeof factsSchema> {
  const { vendor, product, namingContexts, versionAttribute, supportedControls, supportedExtensions } = facts;
  return {
    vendor,
    ...(product === undefined ? {} : { product }),
    namingContexts: [...namingContexts],
    versionAttribute,
    can: {
      page: supportedControls.has(Oid.pagedResults),
      sort: supportedControls.has(Oid.serverSideSortRequest),
      assert: supportedControls.has(Oid.assertion),
      deleteTrees: supportedControls.has(treeDelete),
      modifyPasswords: supportedExtensions.has(Oid.passwordModify),
    },
  };
}
