import { configDefaults, defineConfig } from "vitest/config";

/** They share no state beyond the modules': loading those once a worker, and not once a file, halves their time. */
const together = [
  "packages/check/test/{engine,inputs,output,rules}/**/*.test.ts",
  "packages/{ldap,web}/test/**/*.test.ts",
];

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 120_000,
    // Real servers and real clients share two cores in CI: more workers only make them wait for each other.
    maxWorkers: 2,
    projects: [
      { extends: true, test: { name: "together", include: together, isolate: false } },
      {
        extends: true,
        test: {
          name: "apart",
          include: ["packages/*/test/**/*.test.ts", "tests/**/*.test.ts"],
          exclude: [...configDefaults.exclude, ...together],
        },
      },
    ],
  },
});
