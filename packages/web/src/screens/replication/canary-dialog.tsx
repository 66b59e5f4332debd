/** Tests replication by an entry that is written, looked for everywhere, and removed. */
import { Alert, Button, Group, Modal, Stack, Table, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type ApiOutput, api } from "../../api/client.ts";
import { durationText } from "../../parts/duration-text.ts";
import { ProblemAlert } from "../../parts/problem-alert.tsx";
import { Status, type StatusKind } from "../../parts/status.tsx";

type Result = ApiOutput<"POST /clusters/{cluster}/replication/canary">;

const states: Readonly<Record<Result["nodes"][number]["state"], readonly [StatusKind, string]>> = {
  arrived: ["good", "arrived"],
  not_arrived: ["bad", "did not arrive in time"],
  unreachable: ["bad", "not reached"],
  unknown: ["unknown", "unknown"],
};

export function CanaryDialog({ cluster, onClose }: { readonly cluster: string; readonly onClose: () => void }) {
  const test = useMutation({
    mutationFn: () => api("POST /clusters/{cluster}/replication/canary", { params: { cluster }, body: {} }),
  });
  return (
    <Modal opened onClose={onClose} title={`Test replication in ${cluster}`} size="lg">
      <Stack>
        <Text size="sm">
          An entry is added on the node that takes writes, looked for on every other node, and removed again. It is
          noted in the audit trail.
        </Text>
        {test.isError && <ProblemAlert error={test.error} />}
        {test.data !== undefined && <Arrived {...test.data} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {test.data === undefined ? "Do not" : "Close"}
          </Button>
          <Button loading={test.isPending} onClick={() => test.mutate()}>
            {test.data === undefined ? "Write the entry" : "Test again"}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

function Arrived({ dn, writeNode, nodes, isRemoved, problem }: Result) {
  return (
    <Stack gap="xs" role="status">
      <Text size="sm" className="break">
        {dn}, written on {writeNode}:
      </Text>
      <Table>
        <Table.Tbody>
          {nodes.map(({ node, state, ms, problem: why }) => (
            <Table.Tr key={node}>
              <Table.Th className="break">{node}</Table.Th>
              <Table.Td>
                <Status kind={states[state][0]}>
                  {states[state][1]}
                  {ms === undefined ? "" : ` after ${durationText(ms)}`}
                </Status>
                {why !== undefined && (
                  <Text size="xs" c="dimmed" className="break">
                    {why}
                  </Text>
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {!isRemoved && (
        <Alert color="yellow" variant="light" title="The entry is still there">
          {problem} It is tried again.
        </Alert>
      )}
    </Stack>
  );
}
