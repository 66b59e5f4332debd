/** Every screen and its address. Screens are loaded when they are first looked at, but for the one to look at in the morning. */
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  type RouteComponent,
} from "@tanstack/react-router";
import { basePath } from "../api/client.ts";
import { NotFound } from "../parts/not-found.tsx";
import { ProblemAlert } from "../parts/problem-alert.tsx";
import Home from "../screens/home/home.tsx";
import { Shell } from "./shell.tsx";

const rootRoute = createRootRoute({ component: Shell, notFoundComponent: NotFound });

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Parameters of an address are kept as text, whatever they look like. */
function textSearch<const Name extends string>(...names: readonly Name[]) {
  return (search: Record<string, unknown>) =>
    Object.fromEntries(
      names.flatMap((name) => (text(search[name]) === undefined ? [] : [[name, text(search[name])]])),
    ) as {
      readonly [Each in Name]?: string;
    };
}

const route = <Path extends string, const Name extends string>(
  path: Path,
  component: RouteComponent,
  ...names: readonly Name[]
) =>
  createRoute({
    getParentRoute: () => rootRoute,
    path,
    component,
    validateSearch: textSearch(...names),
    errorComponent: ({ error }) => <ProblemAlert error={error} />,
  });

const screen = <Path extends string, const Name extends string>(
  path: Path,
  component: () => Promise<{ readonly default: () => React.ReactNode }>,
  ...names: readonly Name[]
) => route(path, lazyRouteComponent(component), ...names);

const routeTree = rootRoute.addChildren([
  route("/", Home),
  screen("/sign-in", () => import("../screens/sign-in/sign-in.tsx"), "next", "problem"),
  screen("/me", () => import("../screens/me/me.tsx")),
  screen("/c/$cluster/tree", () => import("../screens/tree/tree.tsx"), "dn", "tab"),
  screen("/c/$cluster/entry", () => import("../screens/entry/entry.tsx"), "dn", "tab"),
  screen(
    "/c/$cluster/search",
    () => import("../screens/search/search.tsx"),
    "base",
    "scope",
    "filter",
    "columns",
    "saved",
  ),
  screen("/c/$cluster/users", () => import("../screens/people/users.tsx"), "q", "dialog"),
  screen("/c/$cluster/groups", () => import("../screens/people/groups.tsx"), "q", "dn", "dialog"),
  screen("/c/$cluster/import", () => import("../screens/import/import.tsx"), "job"),
  screen("/c/$cluster/changes", () => import("../screens/changes/changes.tsx"), "dn", "id"),
  screen("/c/$cluster/schema", () => import("../screens/schema/schema.tsx"), "kind", "name", "q"),
  screen("/c/$cluster/replication", () => import("../screens/replication/replication.tsx"), "tab"),
  screen("/c/$cluster/monitoring", () => import("../screens/monitoring/monitoring.tsx"), "node"),
  screen("/notifications", () => import("../screens/notifications/notifications.tsx"), "tab", "state", "channel", "id"),
  screen("/approvals", () => import("../screens/approvals/approvals.tsx"), "state"),
  screen("/findings", () => import("../screens/findings/findings.tsx"), "id"),
  screen("/slos", () => import("../screens/slos/slos.tsx"), "range"),
  screen("/timeline", () => import("../screens/timeline/timeline.tsx"), "type", "severity", "subject", "id"),
]);

export const router = createRouter({
  routeTree,
  basepath: basePath,
  defaultPreload: "intent",
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
