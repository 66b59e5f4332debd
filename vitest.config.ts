import { configDefaults, defineConfig } from "vitest/config";

/** They touch nothing but files of their own: loading the engine once a worker and not once a file halves their time. */
const checks = ["packages/check/test/{engine,inputs,output,rules}/**/*.test.ts"];

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 120_000,
    // Real servers and real clients share two cores in CI: more workers only make them wait for each other.
    maxWorkers: 2,
    projects: [
      { extends: true, test: { name: "checks", include: checks, isolate: false } },
      {
        extends: true,
        test: {
          name: "all",
          include: ["packages/*/test/**/*.test.ts", "tests/**/*.test.ts"],
          exclude: [...configDefaults.exclude, ...checks],
        },
      },
    ],
  },
});
