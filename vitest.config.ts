import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["packages/*/test/**/*.test.ts", "tests/**/*.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    // What a process has loaded serves all files that it runs: loading it for each took a fifth of the time. A test that changes
    // what they share (the environment, the working directory, the clock) puts it back by `onTestFinished`.
    isolate: false,
    // Real servers and real clients share two cores in CI: more workers only make them wait for each other.
    maxWorkers: 2,
  },
});
