/** Logins that wait for a person's yes, those that had an answer, and users who are not asked for a while. */
import { Alert, Button, Group, SegmentedControl, Skeleton, Stack, Table, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type ApiInput, type ApiOutput, api, isProblem } from "../../api/client.ts";
import { useMayAnywhere } from "../../app/session.ts";
import { Empty } from "../../parts/empty.tsx";
import { ProblemAlert } from "../../parts/problem-alert.tsx";
import { ScreenPage } from "../../parts/screen-page.tsx";
import { Status, type StatusKind } from "../../parts/status.tsx";
import { Time } from "../../parts/time.tsx";
import { WideTable } from "../../parts/wide-table.tsx";

type Answer = ApiOutput<"GET /approvals">;
type Approval = Answer["approvals"][number];

const stateNames: Readonly<Record<Approval["state"], readonly [name: string, kind: StatusKind]>> = {
  pending: ["waits", "warning"],
  approved: ["yes", "good"],
  rejected: ["no", "bad"],
  expired: ["no answer", "unknown"],
  unavailable: ["could not be asked", "bad"],
};
const refreshMs = 5_000;

export default function Approvals() {
  const { state = "all" } = useSearch({ from: "/approvals" });
  const navigate = useNavigate();
  const query = (state === "all" ? {} : { state }) as ApiInput<"GET /approvals">["query"];
  const approvals = useQuery({
    queryKey: ["approvals", state],
    queryFn: ({ signal }) => api("GET /approvals", { query, signal }),
    refetchInterval: refreshMs,
    staleTime: 0,
  });
  const isOff = isProblem(approvals.error, "not_found");
  return (
    <ScreenPage
      title="Approvals"
      help="Logins that a person is asked about. They answer by the link in their message; nobody answers for them here."
      actions={
        <SegmentedControl
          aria-label="Which"
          data={[
            { value: "all", label: "All" },
            { value: "pending", label: "Waiting" },
            { value: "rejected", label: "Rejected" },
          ]}
          value={state}
          onChange={(next) => void navigate({ to: "/approvals", search: next === "all" ? {} : { state: next } })}
        />
      }
    >
      {isOff && (
        <Empty title="No notifications here">
          The configuration of this manager has no `notify`. Add it, and people are told of what happens.
        </Empty>
      )}
      {approvals.isPending && <Skeleton height={200} />}
      {approvals.isError && !isOff && <ProblemAlert error={approvals.error} onRetry={() => void approvals.refetch()} />}
      {approvals.isSuccess && (
        <Stack>
          {approvals.data.locked.map((user) => (
            <Locked key={`${user.realm}/${user.username}`} user={user} />
          ))}
          <ApprovalTable approvals={approvals.data.approvals} isAll={state === "all"} />
        </Stack>
      )}
    </ScreenPage>
  );
}

function ApprovalTable({ approvals, isAll }: { readonly approvals: readonly Approval[]; readonly isAll: boolean }) {
  if (approvals.length === 0) {
    return <Empty title="None">{isAll ? "Nobody was asked about a login lately." : "There is none of these."}</Empty>;
  }
  return (
    <WideTable label="Approvals" minWidth={640}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Answer</Table.Th>
            <Table.Th>User</Table.Th>
            <Table.Th>Service</Table.Th>
            <Table.Th>From</Table.Th>
            <Table.Th>Asked</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {approvals.map(({ id, state, username, realm, service, address, requestedAt, isDisowned }) => (
            <Table.Tr key={id}>
              <Table.Td>
                <Status kind={stateNames[state][1]}>{isDisowned ? "“this was not me”" : stateNames[state][0]}</Status>
              </Table.Td>
              <Table.Td className="break">
                {username}
                {realm !== "" && (
                  <Text size="xs" c="dimmed">
                    {realm}
                  </Text>
                )}
              </Table.Td>
              <Table.Td>{service}</Table.Td>
              <Table.Td>{address === "" ? "unknown" : address}</Table.Td>
              <Table.Td>
                <Time at={requestedAt} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </WideTable>
  );
}

function Locked({ user: { username, until, reason } }: { readonly user: Answer["locked"][number] }) {
  const mayAdminister = useMayAnywhere("admin");
  const queries = useQueryClient();
  const unlock = useMutation({
    mutationFn: () => api("POST /approvals/unlock", { body: { username } }),
    onSettled: () => queries.invalidateQueries({ queryKey: ["approvals"] }),
  });
  return (
    <Alert color="orange" variant="light" title={`${username} is not asked`}>
      <Group justify="space-between">
        <Text size="sm">
          {reason === "not me"
            ? "They said that a login was somebody else: somebody knows their password. Let them change it first."
            : `Reason: ${reason}.`}{" "}
          It ends <Time at={until} />.
        </Text>
        {mayAdminister && (
          <Button size="xs" variant="default" loading={unlock.isPending} onClick={() => unlock.mutate()}>
            Ask {username} again
          </Button>
        )}
      </Group>
      {unlock.isError && <ProblemAlert error={unlock.error} />}
    </Alert>
  );
}
