/** Answers about groups. */
import type { Handlers } from "../api/route.ts";
import type { Clusters } from "../clusters/cluster.ts";
import type { groupRoutes } from "./group-routes.ts";
import type { GroupLists } from "./groups-of.ts";
import type { MemberLists } from "./members.ts";
import { dnOf } from "./request-text.ts";
import { targetOf } from "./target.ts";

export interface GroupNeeds {
  readonly clusters: Clusters;
  readonly memberLists: MemberLists;
  readonly groupLists: GroupLists;
}

export function groupHandlers({ clusters, memberLists, groupLists }: GroupNeeds): Handlers<typeof groupRoutes> {
  return {
    "GET /clusters/{cluster}/members": async (request) => {
      const { query, session, signal } = request;
      const target = targetOf(clusters, request);
      const { name } = target.cluster;
      const dn = dnOf(query.dn, "dn");
      session.require("read", name, dn);
      const { contains, attribute, cursor, limit, node } = query;
      return memberLists.page(target, {
        ...{ dn, sessionId: session.id, contains, attribute, cursor, limit, node, signal },
        mayRead: (member) => session.may("read", name, member),
      });
    },

    "GET /clusters/{cluster}/groups-of": async (request) => {
      const { query, session, signal } = request;
      const target = targetOf(clusters, request);
      const { name } = target.cluster;
      const dn = dnOf(query.dn, "dn");
      session.require("read", name, dn);
      const { cursor, limit, node } = query;
      return groupLists.page(target, {
        ...{ dn, sessionId: session.id, cursor, limit, node, signal },
        mayRead: (group) => session.may("read", name, group),
      });
    },
  };
}
