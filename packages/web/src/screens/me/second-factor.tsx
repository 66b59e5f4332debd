/** An authenticator app as a second factor: enrolling, recovery codes, removing. */
import { Alert, Button, Code, CopyButton, Group, PinInput, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api } from "../../api/client.ts";
import { type SessionJson, sessionKey } from "../../app/session.ts";
import { ProblemAlert } from "../../parts/problem-alert.tsx";
import { Section } from "./section.tsx";

export function SecondFactor({ session }: { readonly session: SessionJson }) {
  const { enrolled, restriction } = session.secondFactor;
  const [code, setCode] = useState("");
  const [isRecovering, setIsRecovering] = useState(false);
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const refresh = () => {
    setCode("");
    void queryClient.invalidateQueries({ queryKey: sessionKey });
  };
  const enrol = useMutation({ mutationFn: () => api("POST /session/totp", {}) });
  const confirm = useMutation({
    mutationFn: () => api("POST /session/totp/confirm", { body: { code } }),
    async onSuccess({ recoveryCodes }) {
      setCode("");
      await queryClient.refetchQueries({ queryKey: sessionKey });
      if (recoveryCodes === undefined) await navigate({ to: "/" });
    },
  });
  const renew = useMutation({
    mutationFn: () => api("POST /session/recovery-codes", { body: { code } }),
    onSuccess: refresh,
  });
  const remove = useMutation({ mutationFn: () => api("DELETE /session/totp", { body: { code } }), onSuccess: refresh });
  const codes = confirm.data?.recoveryCodes ?? renew.data?.recoveryCodes;
  const failure = [enrol, confirm, renew, remove].find(({ isError }) => isError);
  return (
    <Section title="Second factor" help="A code of an authenticator app, beside the password.">
      {restriction !== undefined && (
        <Alert color="yellow" title="Before anything else" role="alert">
          {restriction === "second factor wanted"
            ? "Give the code of your authenticator app."
            : "Your role needs a second factor: enrol an authenticator app."}
        </Alert>
      )}
      {failure !== undefined && <ProblemAlert error={failure.error} />}
      {codes !== undefined && <RecoveryCodes codes={codes} />}
      {!enrolled && enrol.data === undefined && (
        <Button w="fit-content" variant="default" loading={enrol.isPending} onClick={() => enrol.mutate()}>
          Enrol an authenticator app
        </Button>
      )}
      {!enrolled && enrol.data !== undefined && (
        <Stack gap="xs">
          <Text size="sm">Give this key to the app, then write the code that it shows:</Text>
          <Group>
            <Code fz="md">{enrol.data.base32.replaceAll(/(.{4})(?=.)/g, "$1 ")}</Code>
            <CopyButton value={enrol.data.base32}>
              {({ copied, copy }) => (
                <Button size="xs" variant="default" onClick={copy}>
                  {copied ? "Copied" : "Copy"}
                </Button>
              )}
            </CopyButton>
            <Button size="xs" variant="subtle" component="a" href={enrol.data.url}>
              Open the app on this device
            </Button>
          </Group>
        </Stack>
      )}
      {(enrolled || enrol.data !== undefined || restriction === "second factor wanted") && (
        <Group align="center">
          {isRecovering ? (
            <TextInput
              aria-label="Recovery code"
              value={code}
              onChange={(event) => setCode(event.currentTarget.value)}
            />
          ) : (
            <PinInput
              length={6}
              type="number"
              oneTimeCode
              aria-label="Code of the app"
              value={code}
              onChange={setCode}
            />
          )}
          {enrolled && restriction === undefined ? (
            <>
              <Button
                variant="default"
                disabled={code.length < 6}
                loading={renew.isPending}
                onClick={() => renew.mutate()}
              >
                New recovery codes
              </Button>
              <Button
                variant="default"
                color="red"
                disabled={code.length < 6}
                loading={remove.isPending}
                onClick={() => remove.mutate()}
              >
                Remove the second factor
              </Button>
            </>
          ) : (
            <Button disabled={code.length < 6} loading={confirm.isPending} onClick={() => confirm.mutate()}>
              Confirm
            </Button>
          )}
          {restriction === "second factor wanted" && !isRecovering && (
            <Button variant="subtle" onClick={() => setIsRecovering(true)}>
              I have a recovery code
            </Button>
          )}
        </Group>
      )}
      {enrolled && restriction === undefined && (
        <Text size="sm" c="dimmed">
          An authenticator app is enrolled. To change anything, write its code first.
        </Text>
      )}
    </Section>
  );
}

function RecoveryCodes({ codes }: { readonly codes: readonly string[] }) {
  return (
    <Alert
      color="green"
      variant="light"
      title="Recovery codes: keep them where the app is not. They are shown this once."
      role="status"
    >
      <Stack gap="xs" align="flex-start">
        <Code block>{codes.join("\n")}</Code>
        <CopyButton value={codes.join("\n")}>
          {({ copied, copy }) => (
            <Button size="xs" variant="default" onClick={copy}>
              {copied ? "Copied" : "Copy all"}
            </Button>
          )}
        </CopyButton>
      </Stack>
    </Alert>
  );
}
