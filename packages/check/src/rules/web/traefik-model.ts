/** Routers, middlewares and entry points of Traefik, put together from all places that define them. */
import { onceAProject } from "../../engine/once-a-project.ts";
import type { ComposeService } from "../../inputs/compose/compose-project.ts";
import type { ConfigNode } from "../../inputs/config-node.ts";
import {
  type TraefikOption,
  traefikArguments,
  traefikFileOptions,
  traefikLabels,
} from "../../inputs/traefik-options.ts";

export interface TraefikRouter {
  readonly name: string;
  /** The service or the file: what findings name. */
  readonly subject: string;
  /** Its rule, and where that is written. */
  readonly rule: string;
  readonly node: ConfigNode;
  /** Empty: every one. */
  readonly entryPoints: readonly string[];
  /** Names without `@provider`; chains taken apart. */
  readonly middlewares: readonly string[];
  readonly hasTls: boolean;
  /** `api@internal`, or the name of one that is defined somewhere. */
  readonly service: string | undefined;
  /** Undefined for one of a file. */
  readonly container?: ComposeService;
  /** The port of the container that it sends to, where a label says so. */
  readonly port: number | undefined;
}

export interface EntryPoint {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  readonly redirectsToTls: boolean;
  readonly middlewares: readonly string[];
}

export interface TraefikModel {
  readonly routers: readonly TraefikRouter[];
  /** The options of each by their names below it: `headers.stsseconds`. Unknown ones are defined elsewhere. */
  readonly middlewares: ReadonlyMap<string, ReadonlyMap<string, TraefikOption>>;
  /** By name; empty where the static configuration is not among what was read. */
  readonly entryPoints: ReadonlyMap<string, EntryPoint>;
  readonly staticOptions: readonly StaticOption[];
}

interface StaticOption extends TraefikOption {
  readonly subject: string;
  readonly container?: ComposeService;
}

interface Source {
  readonly subject: string;
  readonly container?: ComposeService;
  readonly options: readonly TraefikOption[];
}

export const traefikModel = onceAProject((project): TraefikModel => {
  const services = project.of("compose").flatMap((compose) => compose.services);
  const labelled = services
    .map((container): Source => ({ subject: container.name, container, options: traefikLabels(container) }))
    .filter(({ options }) => !options.some(({ name, value }) => name === "enable" && value === "false"));
  const files = project
    .of("traefik")
    .map(({ file, root }): Source => ({ subject: file.path, options: traefikFileOptions(root) }));
  const programs = services
    .filter(({ node }) => /(?:^|\/)traefik(?::|@|$)/.test(node.get("image")?.text ?? ""))
    .map((container): Source => ({ subject: container.name, container, options: traefikArguments(container) }));
  const staticOptions = [...files, ...programs].flatMap(({ subject, container, options }) =>
    options.map((option) => ({ ...option, subject, ...(container === undefined ? {} : { container }) })),
  );
  const sources = [...labelled, ...files];
  const middlewares = middlewaresOf(sources);
  return {
    routers: sources.flatMap((source) => routersOf(source, middlewares)),
    middlewares,
    entryPoints: entryPointsOf(staticOptions),
    staticOptions,
  };
});

function middlewaresOf(sources: readonly Source[]): Map<string, Map<string, TraefikOption>> {
  const middlewares = new Map<string, Map<string, TraefikOption>>();
  for (const option of sources.flatMap(({ options }) => options)) {
    const [, name, below] = /^http\.middlewares\.([^.]+)\.(.+)$/.exec(option.name) ?? [];
    if (name === undefined || below === undefined) continue;
    const options = middlewares.get(name) ?? new Map<string, TraefikOption>();
    middlewares.set(name, options.set(below, option));
  }
  return middlewares;
}

function routersOf(
  { subject, container, options }: Source,
  middlewares: ReadonlyMap<string, ReadonlyMap<string, TraefikOption>>,
): TraefikRouter[] {
  const byRouter = new Map<string, Map<string, TraefikOption>>();
  for (const option of options) {
    const [, name, below] = /^http\.routers\.([^.]+)\.(.+)$/.exec(option.name) ?? [];
    if (name === undefined || below === undefined) continue;
    byRouter.set(name, (byRouter.get(name) ?? new Map()).set(below, option));
  }
  const port = options.find(({ name }) => /^http\.services\.[^.]+\.loadbalancer\.server\.port$/.test(name))?.value;
  return [...byRouter].map(([name, own]) => {
    const rule = own.get("rule");
    const tls = [...own].some(([key, { value }]) => (key === "tls" && value !== "false") || key.startsWith("tls."));
    return {
      name,
      subject,
      rule: rule?.value ?? "",
      node: (rule ?? [...own.values()][0])!.node,
      entryPoints: listOf(own.get("entrypoints")?.value),
      middlewares: expanded(listOf(own.get("middlewares")?.value), middlewares),
      hasTls: tls,
      service: own.get("service")?.value,
      ...(container === undefined ? {} : { container }),
      port: port === undefined ? undefined : Number(port),
    };
  });
}

/** Chains taken apart; one that goes round is left after a few turns. */
function expanded(
  names: readonly string[],
  middlewares: ReadonlyMap<string, ReadonlyMap<string, TraefikOption>>,
  depth = 0,
): readonly string[] {
  return names.flatMap((full) => {
    const name = full.split("@")[0]!.toLowerCase();
    const chain = middlewares.get(name)?.get("chain.middlewares")?.value;
    return chain === undefined || depth > 5 ? [name] : expanded(listOf(chain), middlewares, depth + 1);
  });
}

function entryPointsOf(options: readonly StaticOption[]): Map<string, EntryPoint> {
  const entryPoints = new Map<string, EntryPoint>();
  for (const { name, value } of options) {
    const [, entryPoint] = /^entrypoints\.([^.]+)\.address$/.exec(name) ?? [];
    if (entryPoint === undefined) continue;
    const below = (key: string) =>
      options.find(
        (option) => option.name.startsWith(`entrypoints.${entryPoint}.http.${key}`) && option.value !== "false",
      );
    const [, host = "", port = "0"] = /^(.*):(\d+)(?:\/\w+)?$/.exec(value) ?? [];
    entryPoints.set(entryPoint, {
      name: entryPoint,
      host,
      port: Number(port),
      isTls: below("tls") !== undefined,
      redirectsToTls: below("redirections.entrypoint.to") !== undefined,
      middlewares: listOf(below("middlewares")?.value).map((full) => full.split("@")[0]!.toLowerCase()),
    });
  }
  return entryPoints;
}

/** The entry points that a router answers on; those whose definition is not among what was read have just a name. */
export function entryPointsOfRouter(
  { entryPoints: named }: TraefikRouter,
  { entryPoints }: TraefikModel,
): readonly (EntryPoint | string)[] {
  if (named.length === 0) return [...entryPoints.values()];
  return named.map((name) => entryPoints.get(name.toLowerCase()) ?? name);
}

/** All middlewares that a request for a router passes, those of its entry points first; undefined when one is defined elsewhere. */
export function middlewaresOfRouter(
  router: TraefikRouter,
  model: TraefikModel,
): readonly ReadonlyMap<string, TraefikOption>[] | undefined {
  const ofEntryPoints = entryPointsOfRouter(router, model).flatMap((entryPoint) =>
    typeof entryPoint === "string" ? [] : entryPoint.middlewares,
  );
  const found = [...ofEntryPoints, ...router.middlewares].map((name) => model.middlewares.get(name));
  return found.every((options) => options !== undefined) ? found : undefined;
}

/** Asks who it is, or where from. A middleware that is defined elsewhere may do so. */
export function isGuarded(router: TraefikRouter, model: TraefikModel): boolean {
  const middlewares = middlewaresOfRouter(router, model);
  if (middlewares === undefined) return true;
  return middlewares.some((options) =>
    [...options.keys()].some((name) =>
      /^(?:basicauth|digestauth|forwardauth|ipallowlist|ipwhitelist|plugin)\./.test(name),
    ),
  );
}

function listOf(text: string | undefined): readonly string[] {
  return (text ?? "")
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}
