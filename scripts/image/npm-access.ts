/** What lets `npm` within a root reach what the machine's npm reaches: its registry, its certificates and its cache. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";

export interface NpmAccess {
  readonly environment: Readonly<Record<string, string>>;
  /** By the path within the root, as {@link import("./enter.ts").Entering.binds} has them. */
  readonly binds: Readonly<Record<string, string>>;
}

export function npmAccess(): NpmAccess {
  const [cache, registry, authorities] = [setting("cache"), setting("registry"), setting("cafile")];
  mkdirSync(cache, { recursive: true });
  const hasAuthorities = existsSync(authorities);
  return {
    environment: {
      npm_config_cache: "/run/npm/cache",
      npm_config_registry: registry,
      npm_config_prefer_offline: "true",
      ...(hasAuthorities ? { npm_config_cafile: "/run/npm/authorities.pem" } : {}),
    },
    binds: { "/run/npm/cache": cache, ...(hasAuthorities ? { "/run/npm/authorities.pem": authorities } : {}) },
  };
}

function setting(name: string): string {
  return execFileSync("npm", ["config", "get", name, "--loglevel=error"], { encoding: "utf8" }).trim();
}
