/** A new password for somebody, written or made up. */
import {
  Alert,
  Button,
  Checkbox,
  Code,
  CopyButton,
  Group,
  PasswordInput,
  SegmentedControl,
  Stack,
  Text,
} from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../../api/client.ts";
import { ProblemAlert } from "../../parts/problem-alert.tsx";
import type { EntryFormProps } from "./entry-dialog.tsx";

export function PasswordForm({ cluster, dn, onClose, onDone }: EntryFormProps) {
  const [way, setWay] = useState("generate");
  const [newPassword, setNewPassword] = useState("");
  const [again, setAgain] = useState("");
  const [mustChange, setMustChange] = useState(true);
  const state = useQuery({
    queryKey: ["password", cluster, dn],
    queryFn: ({ signal }) => api("GET /clusters/{cluster}/password", { params: { cluster }, query: { dn }, signal }),
    staleTime: 0,
  });
  const set = useMutation({
    mutationFn: () => {
      const body = way === "generate" ? ({ dn, generate: true, mustChange } as const) : { dn, newPassword, mustChange };
      return api("POST /clusters/{cluster}/password", { params: { cluster }, body });
    },
  });
  if (set.isSuccess) {
    const { generatedPassword, warnings } = set.data;
    return (
      <Stack>
        {generatedPassword === undefined ? (
          <Text>The password is set.</Text>
        ) : (
          <Alert color="green" variant="light" title="This is the new password. It is shown this once.">
            <Group>
              <Code fz="lg">{generatedPassword}</Code>
              <CopyButton value={generatedPassword}>
                {({ copied, copy }) => (
                  <Button size="xs" variant="default" onClick={copy}>
                    {copied ? "Copied" : "Copy"}
                  </Button>
                )}
              </CopyButton>
            </Group>
          </Alert>
        )}
        {warnings.map((warning) => (
          <Alert key={warning} color="yellow" variant="light">
            {warning}
          </Alert>
        ))}
        <Group justify="flex-end">
          <Button onClick={() => onDone(false)}>Done</Button>
        </Group>
      </Stack>
    );
  }
  const isWritten = way === "write";
  const differs = isWritten && again !== "" && again !== newPassword;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        set.mutate();
      }}
    >
      <Stack>
        <Text size="sm" className="break">
          For <b>{dn}</b>
          {state.data?.locked === true ? ". The account is locked by wrong passwords." : ""}
          {state.data?.disabled === true ? ". The account is disabled." : ""}
        </Text>
        <SegmentedControl
          aria-label="How"
          data={[
            { value: "generate", label: "Make one up" },
            { value: "write", label: "Write one" },
          ]}
          value={way}
          onChange={setWay}
        />
        {isWritten && (
          <>
            <PasswordInput
              label="New password"
              autoComplete="new-password"
              value={newPassword}
              onChange={(event) => setNewPassword(event.currentTarget.value)}
            />
            <PasswordInput
              label="Once more"
              autoComplete="new-password"
              value={again}
              error={differs ? "The two are not the same" : undefined}
              onChange={(event) => setAgain(event.currentTarget.value)}
            />
          </>
        )}
        <Checkbox
          label="It must be changed at the next login"
          checked={mustChange}
          onChange={(event) => setMustChange(event.currentTarget.checked)}
        />
        {set.isError && <ProblemAlert error={set.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button
            type="submit"
            loading={set.isPending}
            disabled={isWritten && (newPassword === "" || again !== newPassword)}
          >
            Set the password
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
