import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["packages/*/test/**/*.test.ts", "tests/**/*.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    // What a process has loaded serves all files that it runs: loading it for each took a fifth of the time. A test that changes
    // what they share (the environment, the working directory, the clock) puts it back by `onTestFinished`.
    isolate: false,
    // On two cores: one more than those wait for servers to come, to fail, and to be taken for lost.
    maxWorkers: 3,
  },
});
