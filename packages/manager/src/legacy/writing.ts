/** The old paths that change entries: each is a change set, noted in the audit trail and undone as any other. */
import type { ApiError } from "../api/problem.ts";
import { type ApiRequest, type Handlers, PartialAnswer } from "../api/route.ts";
import { AttributeMatching } from "../changes/attribute-matching.ts";
import type { Changes } from "../changes/change-set.ts";
import type { Clusters } from "../clusters/cluster.ts";
import { asCreationError, noteNumbers, planCreation } from "../entries/create.ts";
import { planDeletion } from "../entries/deletion.ts";
import { changeGroupsOf } from "../entries/groups.ts";
import type { NumberAllocator } from "../entries/number-allocator.ts";
import { type Outcome, type Plan, perform, problemError } from "../entries/plan.ts";
import { usedNumbers } from "../entries/used-numbers.ts";
import { DirectoryView } from "../entries/view.ts";
import type { passwordRoutes } from "../passwords/routes.ts";
import { dnOf } from "../reading/request-text.ts";
import type { Session } from "../sessions/session.ts";
import type { legacyRoutes } from "./routes.ts";
import { replacements, type WantedTexts, wantedAttributes, withoutPassword } from "./update.ts";

type WritingKeys =
  | "POST /api/entries/create"
  | "PUT /api/entries/update"
  | "DELETE /api/entries/delete"
  | "PUT /api/entries/user/groups";

export interface LegacyWritingNeeds {
  readonly clusters: Clusters;
  readonly changes: Changes;
  readonly numbers: NumberAllocator;
  /** What answers the routes of passwords. */
  readonly passwords: Handlers<typeof passwordRoutes>;
}

type Request = Pick<ApiRequest, "address" | "requestId" | "signal"> & { readonly session: Session };

export function legacyWriting({
  clusters,
  changes,
  numbers,
  passwords,
}: LegacyWritingNeeds): Pick<Handlers<typeof legacyRoutes>, WritingKeys> {
  const open = (name: string, { session, address, requestId, signal }: Request) => {
    const cluster = clusters.get(name);
    const actor = { session, address, requestId, signal };
    const view = new DirectoryView(cluster, actor);
    return { view, options: { changes, cluster, actor, preview: false } };
  };
  type Opened = ReturnType<typeof open>;

  /** @throws ApiError also where only a part was done */
  const run = async ({ options }: Opened, plan: Plan) => {
    const done = await perform(plan, options);
    if (done instanceof PartialAnswer) throw partialError(done.body);
  };

  return {
    "POST /api/entries/create": async ({ body, ...request }) => {
      const opened = open(body.cluster_name, request);
      const dn = dnOf(body.dn, "dn");
      const { view } = opened;
      request.session.require("write", view.cluster.name, dn);
      const plan = await planCreation(view, dn, await numbered(view, body.attributes, numbers));
      try {
        await run(opened, plan);
      } catch (error) {
        throw asCreationError(error, dn);
      }
      await noteNumbers(
        view,
        numbers,
        plan.changes.flatMap((change) => (change.type === "add" ? [change] : [])),
      );
      return { status: "success", dn };
    },

    "PUT /api/entries/update": async ({ body, ...request }) => {
      const opened = open(body.cluster_name, request);
      const { view } = opened;
      const dn = dnOf(body.dn, "dn");
      request.session.require("read", view.cluster.name, dn);
      const { others, password } = withoutPassword(body.modifications);
      const names = Object.keys(others);
      const entry = await view.entry(dn, names.length === 0 ? ["1.1"] : names);
      const matching = new AttributeMatching(await view.schema());
      const modified = replacements(entry.attributes, wantedAttributes(others), matching);
      if (modified.length > 0) {
        await run(opened, { title: `Change ${dn}`, changes: [{ type: "modify", dn, changes: modified }] });
      }
      if (password !== undefined) {
        const asked = { ...request, params: { cluster: view.cluster.name } };
        await passwords["POST /clusters/{cluster}/password"]({
          ...asked,
          body: { dn, newPassword: password, mustChange: false },
        });
      }
      return { status: "success", dn };
    },

    "DELETE /api/entries/delete": async ({ query, ...request }) => {
      const opened = open(query.cluster_name, request);
      const dn = dnOf(query.dn, "dn");
      const deletion = { dn, subtree: false, references: "remove", lastMember: "refuse", preview: false } as const;
      const plan = await planDeletion(opened.view, deletion);
      await noteNumbers(opened.view, numbers, plan.entries);
      await run(opened, plan);
      return { status: "success", dn };
    },

    "PUT /api/entries/user/groups": async ({ body, ...request }) => {
      const { view, options } = open(body.cluster_name, request);
      const dn = dnOf(body.user_dn, "user_dn");
      const { groups_to_add: add, groups_to_remove: remove } = body;
      const edit = { dn, add, remove, lastMember: "refuse" } as const;
      const done = await changeGroupsOf(view, edit, options);
      const { groups } = done instanceof PartialAnswer ? done.body : done;
      const errors = groups.flatMap(({ group, problem }) =>
        problem === undefined ? [] : [`${group}: ${problem.title}`],
      );
      if (errors.length === 0) return { status: "success", user_dn: dn };
      return { status: "partial", user_dn: dn, errors };
    },
  };
}

/** An account that is given no number gets the next free one, as it always did; others get none. */
async function numbered(view: DirectoryView, attributes: WantedTexts, numbers: NumberAllocator) {
  const given = Object.fromEntries(Object.entries(attributes).map(([name, texts]) => [name, [...texts]]));
  const texts = (wanted: string) => Object.entries(given).find(([name]) => name.toLowerCase() === wanted)?.[1] ?? [];
  const isAccount = texts("objectclass").some((name) => name.toLowerCase() === "posixaccount");
  if (!isAccount || texts("uidnumber").length > 0) return given;
  const taken = await numbers.take(usedNumbers(view, "uidNumber"));
  return { ...given, uidNumber: [String(taken)] };
}

function partialError({ id, results = [] }: Outcome): ApiError {
  const { problem } = results.find((result) => result.problem !== undefined) ?? {};
  const title = `A part was done, and can be undone as change set ${id}: ${problem?.title ?? "the rest was not tried."}`;
  return problemError(problem && { ...problem, title }, { id, results });
}
