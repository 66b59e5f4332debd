/** A form whose deed is looked at first: fill in, see the LDIF and the warnings, do it. */
import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { LdifView } from "../../parts/ldif-view.tsx";
import { ProblemAlert } from "../../parts/problem-alert.tsx";

export interface Outcome {
  readonly outcome: "preview" | "applied" | "partial";
  readonly warnings: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
  readonly ldif?: string | undefined;
  readonly results?:
    | readonly {
        readonly dn: string;
        readonly status: string;
        readonly problem?: { readonly title: string } | undefined;
      }[]
    | undefined;
}

export interface PreviewedFormProps<Result extends Outcome> {
  readonly children: React.ReactNode;
  readonly isFilled: boolean;
  /** Changes with what is filled in: a preview of before is then no longer one. */
  readonly content: string;
  readonly send: (preview: boolean, previewed: Result | undefined) => Promise<Result>;
  /** What the last button says: `Delete`. */
  readonly verb: string;
  readonly isDangerous?: boolean;
  /** It comes filled in: the preview is there from the beginning. */
  readonly isLookedAtOnce?: boolean;
  readonly onClose: () => void;
  readonly onDone: (result: Result) => void;
}

export function PreviewedForm<Result extends Outcome>(props: PreviewedFormProps<Result>) {
  const {
    children,
    isFilled,
    content,
    send,
    verb,
    isDangerous = false,
    isLookedAtOnce = false,
    onClose,
    onDone,
  } = props;
  const [previewed, setPreviewed] = useState<{ readonly content: string; readonly result: Result }>();
  const current = previewed?.content === content ? previewed.result : undefined;
  const look = useMutation({
    mutationFn: () => send(true, undefined),
    onSuccess: (result) => setPreviewed({ content, result }),
  });
  const { mutate: lookAtIt } = look;
  useEffect(() => {
    if (isLookedAtOnce) lookAtIt();
  }, [isLookedAtOnce, lookAtIt]);
  const act = useMutation({
    mutationFn: () => send(false, current),
    onSuccess: (result) => {
      if (failuresOf(result).length === 0) onDone(result);
    },
  });
  const failed = act.data === undefined ? [] : failuresOf(act.data);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (current === undefined) look.mutate();
        else act.mutate();
      }}
    >
      <Stack>
        {children}
        {current?.ldif !== undefined && <LdifView ldif={current.ldif} />}
        {current?.warnings.map((warning) => (
          <Alert key={warning} color="yellow" variant="light">
            {warning}
          </Alert>
        ))}
        {(look.isError || act.isError) && <ProblemAlert error={act.error ?? look.error} />}
        {failed.length > 0 && (
          <Alert color="red" variant="light" title="Not everything could be done" role="alert">
            {failed.map(({ dn, problem }) => (
              <Text key={dn} size="sm" className="break">
                {dn}: {problem?.title}
              </Text>
            ))}
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {failed.length > 0 ? "Close" : "Cancel"}
          </Button>
          {current === undefined ? (
            <Button type="submit" disabled={!isFilled} loading={look.isPending}>
              Look at the change…
            </Button>
          ) : (
            <Button
              type="submit"
              color={isDangerous ? "red" : undefined}
              loading={act.isPending}
              disabled={failed.length > 0}
            >
              {verb}
            </Button>
          )}
        </Group>
      </Stack>
    </form>
  );
}

/** Done in part may also mean that something had been left out before, with which nothing went wrong. */
function failuresOf({ outcome, results = [] }: Outcome) {
  return outcome === "partial" ? results.filter(({ problem }) => problem !== undefined) : [];
}
