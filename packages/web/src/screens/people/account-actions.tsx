/** What can be done to the accounts that are chosen, all at once. */
import { Alert, Button, Group, Modal, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../../api/client.ts";
import { PreviewedForm } from "../entry/previewed-form.tsx";

const actions = {
  unlock: ["Unlock", "Lets those in who were locked by wrong passwords."],
  disable: ["Disable", "Their passwords are taken no more, until they are enabled. SSH keys may go on."],
  enable: ["Enable", "Takes back what disabled them."],
  force_change: ["Make them change their password", "At the next login."],
} as const;
type Action = keyof typeof actions;

export interface AccountActionsProps {
  readonly cluster: string;
  readonly dns: readonly string[];
  readonly onDone: () => void;
}

export function AccountActions({ cluster, dns, onDone }: AccountActionsProps) {
  const [action, setAction] = useState<Action>();
  return (
    <>
      <Text size="sm" role="status">
        {dns.length.toLocaleString()} chosen
      </Text>
      {(Object.keys(actions) as Action[]).map((each) => (
        <Button key={each} size="xs" variant="default" onClick={() => setAction(each)}>
          {actions[each][0]}…
        </Button>
      ))}
      {action !== undefined && (
        <Modal opened onClose={() => setAction(undefined)} title={actions[action][0]} size="lg">
          {dns.length === 1 ? (
            <OneAccount
              cluster={cluster}
              dn={dns[0]!}
              action={action}
              onClose={() => setAction(undefined)}
              onDone={() => {
                setAction(undefined);
                onDone();
              }}
            />
          ) : (
            <PreviewedForm
              content={action}
              isFilled
              send={(preview) =>
                api("POST /clusters/{cluster}/bulk", {
                  params: { cluster },
                  body: { select: { dns: [...dns] }, account: action, preview },
                })
              }
              verb={actions[action][0]}
              onClose={() => setAction(undefined)}
              onDone={() => {
                notifications.show({ message: `Done for ${dns.length.toLocaleString()} accounts.` });
                setAction(undefined);
                onDone();
              }}
            >
              <Text size="sm">
                {actions[action][1]} For {dns.length.toLocaleString()} accounts.
              </Text>
            </PreviewedForm>
          )}
        </Modal>
      )}
    </>
  );
}

interface OneAccountProps {
  readonly cluster: string;
  readonly dn: string;
  readonly action: Action;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

function OneAccount({ cluster, dn, action, onClose, onDone }: OneAccountProps) {
  const act = useMutation({
    mutationFn: () => api("POST /clusters/{cluster}/entry/account", { params: { cluster }, body: { dn, action } }),
  });
  if (act.data !== undefined) {
    return (
      <Stack>
        {[...act.data.did, ...act.data.meaning].map((sentence) => (
          <Text key={sentence} size="sm">
            {sentence}
          </Text>
        ))}
        {act.data.warnings.map((warning) => (
          <Alert key={warning} color="yellow" variant="light">
            {warning}
          </Alert>
        ))}
        <Group justify="flex-end">
          <Button onClick={onDone}>Done</Button>
        </Group>
      </Stack>
    );
  }
  return (
    <PreviewedForm
      content={action}
      isFilled
      send={(preview) =>
        preview
          ? api("POST /clusters/{cluster}/entry/account", { params: { cluster }, body: { dn, action, preview } })
          : act.mutateAsync()
      }
      verb={actions[action][0]}
      onClose={onClose}
      onDone={() => undefined}
    >
      <Text size="sm" className="break">
        {actions[action][1]} <b>{dn}</b>
      </Text>
    </PreviewedForm>
  );
}
