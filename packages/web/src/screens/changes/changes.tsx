/** Everything that was changed through Espalier in a cluster, the newest first. */
import { Button, SegmentedControl, Skeleton, Stack } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { api } from "../../api/client.ts";
import { ChangeDialog, ChangeList } from "../../parts/change-list.tsx";
import { ProblemAlert } from "../../parts/problem-alert.tsx";
import { ScreenPage } from "../../parts/screen-page.tsx";

export default function Changes() {
  const { cluster } = useParams({ from: "/c/$cluster/changes" });
  const { id } = useSearch({ from: "/c/$cluster/changes" });
  const navigate = useNavigate();
  const [whose, setWhose] = useState("me");
  const changes = useInfiniteQuery({
    queryKey: ["changes", cluster, whose],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam: cursor, signal }) => {
      const query = { cursor, ...(whose === "me" ? { actor: "me" } : {}) };
      return api("GET /clusters/{cluster}/changes", { params: { cluster }, query, signal });
    },
    getNextPageParam: ({ cursor }) => cursor,
    staleTime: 0,
  });
  return (
    <ScreenPage
      title={`Changes in ${cluster}`}
      help="Each can be looked at and undone. Undo is refused where an entry is no more as the change left it."
      actions={
        <SegmentedControl
          aria-label="Whose"
          data={[
            { value: "me", label: "Mine" },
            { value: "all", label: "Everybody's" },
          ]}
          value={whose}
          onChange={setWhose}
        />
      }
    >
      {changes.isPending && <Skeleton height={200} />}
      {changes.isError && <ProblemAlert error={changes.error} onRetry={() => void changes.refetch()} />}
      {changes.isSuccess && (
        <Stack>
          <ChangeList
            changes={changes.data.pages.flatMap(({ changes: page }) => page)}
            onUndone={() => void changes.refetch()}
          />
          {changes.hasNextPage && (
            <Button variant="default" loading={changes.isFetchingNextPage} onClick={() => void changes.fetchNextPage()}>
              Show older ones
            </Button>
          )}
        </Stack>
      )}
      {id !== undefined && (
        <ChangeDialog
          id={id}
          onClose={() => void navigate({ to: "/c/$cluster/changes", params: { cluster }, replace: true })}
        />
      )}
    </ScreenPage>
  );
}
