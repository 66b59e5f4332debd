/** A new password of one's own. */
import { Alert, Button, PasswordInput, Select, Stack } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../../api/client.ts";
import type { SessionJson } from "../../app/session.ts";
import { ProblemAlert } from "../../parts/problem-alert.tsx";
import { Section } from "./section.tsx";

export function OwnPassword({ session }: { readonly session: SessionJson }) {
  const own = session.clusters.filter(({ actsAs }) => actsAs === "self").map(({ name }) => name);
  const [cluster, setCluster] = useState(own[0] ?? "");
  const [oldPassword, setOldPassword] = useState("");
  const [newPassword, setNewPassword] = useState("");
  const [again, setAgain] = useState("");
  const change = useMutation({
    mutationFn: () =>
      api("POST /clusters/{cluster}/password/own", { params: { cluster }, body: { oldPassword, newPassword } }),
    onSuccess: () => {
      setOldPassword("");
      setNewPassword("");
      setAgain("");
    },
  });
  if (own.length === 0) return null;
  const differs = again !== "" && again !== newPassword;
  return (
    <Section title="Password" help="Of your account in the directory: everything that logs in there takes the new one.">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate();
        }}
      >
        <Stack gap="sm" maw={420}>
          {own.length > 1 && (
            <Select
              label="Directory"
              data={own}
              value={cluster}
              onChange={(name) => setCluster(name ?? "")}
              allowDeselect={false}
            />
          )}
          <PasswordInput
            label="Current password"
            autoComplete="current-password"
            required
            value={oldPassword}
            onChange={(event) => setOldPassword(event.currentTarget.value)}
          />
          <PasswordInput
            label="New password"
            autoComplete="new-password"
            required
            value={newPassword}
            onChange={(event) => setNewPassword(event.currentTarget.value)}
          />
          <PasswordInput
            label="New password once more"
            autoComplete="new-password"
            required
            value={again}
            error={differs ? "The two are not the same" : undefined}
            onChange={(event) => setAgain(event.currentTarget.value)}
          />
          {change.isError && <ProblemAlert error={change.error} />}
          {change.isSuccess && (
            <Alert color="green" variant="light" role="status">
              Your password is changed.
            </Alert>
          )}
          <Button
            type="submit"
            w="fit-content"
            loading={change.isPending}
            disabled={newPassword === "" || again !== newPassword}
          >
            Change the password
          </Button>
        </Stack>
      </form>
    </Section>
  );
}
