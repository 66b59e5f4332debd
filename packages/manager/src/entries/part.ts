/** Answers the routes that add, rename, delete and change entries. */
import type { Store } from "@espalier/service";
import { type ApiPart, type ApiRequest, apiPart, PartialAnswer } from "../api/route.ts";
import type { Changes } from "../changes/change-set.ts";
import type { Clusters } from "../clusters/cluster.ts";
import type { Actor } from "../sessions/session.ts";
import { planAccount } from "./account.ts";
import { type BulkWork, planBulk } from "./bulk.ts";
import { planCopy } from "./copy.ts";
import { asCreationError, type CreationPlan, noteNumbers, planCreation, planFormCreation } from "./create.ts";
import { planDeletion } from "./deletion.ts";
import { changeGroupsOf, memberAnswer, planMembers } from "./groups.ts";
import { NumberAllocator } from "./number-allocator.ts";
import { extended, type PerformOptions, type Plan, perform } from "./plan.ts";
import { asRenameError, planRename, type Rename } from "./rename.ts";
import { entryRoutes } from "./routes.ts";
import { DirectoryView } from "./view.ts";

export interface EntryPartNeeds {
  readonly clusters: Clusters;
  readonly changes: Changes;
  /** With the tables of `numberMigrations`. */
  readonly store: Store;
  readonly now?: () => number;
}

export function entryPart({ clusters, changes, store, now = Date.now }: EntryPartNeeds): ApiPart {
  const numbers = new NumberAllocator(store);

  const open = ({ params, session, address, requestId, signal }: ClusterRequest) => {
    const cluster = clusters.get(params.cluster);
    const actor: Actor = { session, address, requestId, signal };
    const view = new DirectoryView(cluster, actor);
    const options = (preview: boolean): PerformOptions => ({ changes, cluster, actor, preview });
    return { view, options, run: (plan: Plan, preview: boolean) => perform(plan, options(preview)) };
  };
  type Opened = ReturnType<typeof open>;

  const create = async ({ view, run }: Opened, plan: CreationPlan, preview: boolean) => {
    try {
      const done = await run(plan, preview);
      if (!preview)
        await noteNumbers(
          view,
          numbers,
          plan.changes.flatMap((change) => (change.type === "add" ? [change] : [])),
        );
      return extended(done, { dn: plan.dn });
    } catch (error) {
      throw asCreationError(error, plan.dn);
    }
  };

  const rename = async ({ view, run }: Opened, wanted: Rename, preview: boolean) => {
    const plan = await planRename(view, wanted);
    try {
      return extended(await run(plan, preview), { dn: plan.dn });
    } catch (error) {
      throw asRenameError(error, plan);
    }
  };

  return apiPart(entryRoutes, {
    "POST /clusters/{cluster}/entries": async (request) => {
      const { dn, attributes, preview } = request.body;
      const opened = open(request);
      return create(opened, await planCreation(opened.view, dn, attributes), preview);
    },
    "POST /clusters/{cluster}/entries/from-form": async (request) => {
      const { form: name, values, parent, preview } = request.body;
      const opened = open(request);
      const plan = await planFormCreation(opened.view, { name, values, parent, preview }, numbers, now());
      return create(opened, plan, preview);
    },
    "POST /clusters/{cluster}/entries/copy": async (request) => {
      const opened = open(request);
      const plan = await planCopy(opened.view, request.body, numbers);
      try {
        const { dn, leftOut } = plan;
        return extended(await opened.run(plan, request.body.preview), { dn, leftOut });
      } catch (error) {
        throw asCreationError(error, plan.dn);
      }
    },
    "POST /clusters/{cluster}/entries/rename": ({ body, ...request }) => rename(open(request), body, body.preview),
    // The name stays, so that no value of it goes; Active Directory takes no move that would leave an old one.
    "POST /clusters/{cluster}/entries/move": ({ body, ...request }) =>
      rename(open(request), { ...body, deleteOldRdn: true }, body.preview),
    "DELETE /clusters/{cluster}/entry": async (request) => {
      const { view, run } = open(request);
      const { subtree, preview, ...query } = request.query;
      const isPreview = preview === "true";
      const plan = await planDeletion(view, { ...query, subtree: subtree === "true", preview: isPreview });
      // Before it is done: nothing is lost when it is not.
      if (!isPreview) await noteNumbers(view, numbers, plan.entries);
      return run(plan, isPreview);
    },
    "PUT /clusters/{cluster}/groups/members": async (request) => {
      const { view, run } = open(request);
      const plan = await planMembers(view, request.body);
      const done = memberAnswer(await run(plan, request.body.preview), plan);
      const isPartial = !(done instanceof PartialAnswer) && !request.body.preview && plan.unresolved.length > 0;
      return isPartial ? new PartialAnswer({ ...done, outcome: "partial" as const }) : done;
    },
    "PUT /clusters/{cluster}/entry/groups": async (request) => {
      const { view, options } = open(request);
      return changeGroupsOf(view, request.body, options(request.body.preview));
    },
    "POST /clusters/{cluster}/bulk": async (request) => {
      const { select, edit = [], account, expected, preview } = request.body;
      const { view, run } = open(request);
      const work: BulkWork = account === undefined ? { edits: edit } : { account };
      const selection = "dns" in select ? select.dns : select;
      const plan = await planBulk(view, { select: selection, work, expected, preview, nowMs: now() });
      const { entries, refused } = plan;
      const done = extended(await run(plan, preview), { entries, refused });
      const isPartial = !(done instanceof PartialAnswer) && !preview && refused.length > 0;
      return isPartial ? new PartialAnswer({ ...done, outcome: "partial" as const }) : done;
    },
    "POST /clusters/{cluster}/entry/account": async (request) => {
      const { dn, action, preview } = request.body;
      const { view, run } = open(request);
      const plan = await planAccount(view, { dn, action, nowMs: now() });
      return extended(await run(plan, preview), { did: plan.did, meaning: plan.meaning });
    },
  });
}

type ClusterRequest = Pick<
  ApiRequest<{
    readonly summary: string;
    readonly tag: string;
    readonly access: "session";
    readonly params: (typeof entryRoutes)["POST /clusters/{cluster}/entries"]["params"];
  }>,
  "params" | "session" | "address" | "requestId" | "signal"
>;
