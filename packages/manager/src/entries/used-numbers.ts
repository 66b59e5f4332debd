/** The numbers that entries of a directory have. */
import { ApiError } from "../api/problem.ts";
import type { UsedNumbers } from "./number-allocator.ts";
import type { DirectoryView } from "./view.ts";

const defaultFirst = 2_000;

/** @param attribute `uidNumber`, `gidNumber` */
export function usedNumbers(view: DirectoryView, attribute: string): UsedNumbers {
  const { name: cluster, config } = view.cluster;
  return {
    cluster,
    attribute,
    first: config.first_number ?? defaultFirst,
    async highest(counts) {
      let highest: number | undefined;
      const all = { limit: Number.POSITIVE_INFINITY, what: "entries with numbers", advice: "" };
      const search = { base: await view.namingContext(), filter: `(${attribute}=*)`, attributes: [attribute] };
      try {
        await view.collect(search, all, (entry) => {
          for (const value of entry.texts(attribute).map(Number)) {
            if (counts(value) && value > (highest ?? 0)) highest = value;
          }
          return undefined;
        });
      } catch (error) {
        if (!(error instanceof ApiError) || error.code !== "refused_by_directory") throw error;
        const title = `The directory does not show you every ${attribute}, so a free one cannot be told: give one yourself, or ask whoever runs the directory for a higher limit.`;
        throw new ApiError("refused_by_directory", title, { ...error.extra, cause: error });
      }
      return highest;
    },
    isUsed: async (value) => view.isThere(attribute, String(value), await view.namingContext()),
  };
}
