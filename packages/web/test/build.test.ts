import { fileURLToPath } from "node:url";
import { resolveConfig } from "vite";
import { afterAll, expect, it } from "vitest";

const { NODE_ENV } = process.env;
afterAll(() => {
  process.env.NODE_ENV = NODE_ENV;
});

it.for(["test", "development"])("is built for production, also where NODE_ENV is %s", async (environment) => {
  process.env.NODE_ENV = environment;
  const root = fileURLToPath(new URL("..", import.meta.url));
  const { isProduction } = await resolveConfig({ root, logLevel: "silent" }, "build");
  expect(isProduction).toBe(true);
});
