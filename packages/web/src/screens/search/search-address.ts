/** A search as the address of the screen has it. */
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";

export const scopes = [
  { value: "sub", label: "The entry and all below" },
  { value: "one", label: "One level below" },
  { value: "base", label: "The entry itself" },
] as const;
export type Scope = (typeof scopes)[number]["value"];

export interface SearchAddress {
  readonly base?: string;
  readonly scope?: string;
  readonly filter?: string;
  readonly columns?: string;
  /** The id of a saved search. */
  readonly saved?: string;
}

export function scopeOf(text: string | undefined): Scope {
  return scopes.find(({ value }) => value === text)?.value ?? "sub";
}

export function useSearchAddress() {
  const { cluster } = useParams({ from: "/c/$cluster/search" });
  const address: SearchAddress = useSearch({ from: "/c/$cluster/search" });
  const navigate = useNavigate();
  /** What is `undefined` goes from the address. */
  const go = (change: SearchAddress, replace: boolean) =>
    void navigate({
      to: "/c/$cluster/search",
      params: { cluster },
      search: (before: SearchAddress) => ({ ...before, ...change }),
      replace,
    });
  return { cluster, address, go };
}
