/** Everything that approvals serve over HTTP. */

import { trustedProxies } from "@espalier/service/http";
import type { FastifyPluginAsync } from "fastify";
import type { ApiKeys } from "../http/api-keys.ts";
import { addApiRoutes } from "./api-routes.ts";
import type { Approvals } from "./approvals.ts";
import type { ApprovalsConfig } from "./config.ts";
import { addDecisionPage } from "./decision-page.ts";
import { HeldRequests } from "./held-requests.ts";
import { addOldProtocol } from "./old-protocol.ts";

export interface ApprovalRoutesOptions {
  readonly approvals: Approvals;
  readonly keys: ApiKeys;
  readonly config: Pick<ApprovalsConfig, "path" | "trustedNetworks">;
  /** Ends what waits. */
  readonly closing: AbortSignal;
}

export function approvalRoutes({ approvals, keys, config, closing }: ApprovalRoutesOptions): FastifyPluginAsync {
  return async (app) => {
    const held = new HeldRequests(closing);
    addApiRoutes(app, { approvals, keys, held });
    addOldProtocol(app, {
      approvals,
      keys,
      held,
      path: config.path,
      isTrusted: trustedProxies(config.trustedNetworks),
    });
    addDecisionPage(app, approvals);
  };
}
