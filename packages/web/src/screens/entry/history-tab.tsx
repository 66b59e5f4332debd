/** What was changed in this entry, by whom, and the way back. */
import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { api } from "../../api/client.ts";
import { ChangeList } from "../../parts/change-list.tsx";
import { ProblemAlert } from "../../parts/problem-alert.tsx";

export interface HistoryTabProps {
  readonly cluster: string;
  readonly dn: string;
  readonly onUndone: () => void;
}

export default function HistoryTab({ cluster, dn, onUndone }: HistoryTabProps) {
  const changes = useQuery({
    queryKey: ["changes", cluster, dn],
    queryFn: ({ signal }) => api("GET /clusters/{cluster}/changes", { params: { cluster }, query: { dn }, signal }),
    staleTime: 0,
  });
  if (changes.isPending) return <Skeleton height={120} />;
  if (changes.isError) return <ProblemAlert error={changes.error} onRetry={() => void changes.refetch()} />;
  return (
    <ChangeList
      changes={changes.data.changes}
      onUndone={() => {
        void changes.refetch();
        onUndone();
      }}
    />
  );
}
