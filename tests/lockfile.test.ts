import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

interface LockedPackage {
  readonly resolved?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8")) as {
  readonly packages: Readonly<Record<string, LockedPackage>>;
};

describe("package-lock.json", () => {
  // `npm ci` refuses a lock without them, and a registry that has only some platforms' packages makes npm leave them out.
  it("has the optional packages of every platform", () => {
    const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(
        (name) =>
          packages[`node_modules/${name}`] === undefined && packages[`${path}/node_modules/${name}`] === undefined,
      ),
    );
    expect(missing).toEqual([]);
  });

  it("names no registry: whoever installs uses their own", () => {
    expect(Object.values(packages).filter(({ resolved }) => resolved?.includes("://"))).toEqual([]);
  });
});
