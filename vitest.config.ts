import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["packages/*/test/**/*.test.ts", "tests/**/*.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    // Real servers and real clients share two cores in CI: more workers only make them wait for each other.
    maxWorkers: 2,
    // Real servers, real faults and their time-outs on a busy machine: what fails once is taken once more, and reported as such.
    retry: process.env.CI === "true" ? 1 : 0,
  },
});
