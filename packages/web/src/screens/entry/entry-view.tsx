/** An entry: what it holds, its groups, its history, itself on other nodes; and what can be done with it. */
import { Badge, Button, CopyButton, Group, Menu, Skeleton, Stack, Tabs, Text, Title } from "@mantine/core";
import { IconCopy, IconDotsVertical } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { api } from "../../api/client.ts";
import { titleOf, valuesOf } from "../../api/values.ts";
import { ProblemAlert } from "../../parts/problem-alert.tsx";
import { AttributesForm } from "./attributes-form.tsx";
import classes from "./entry-view.module.css";

const CompareTab = lazy(() => import("./compare-tab.tsx"));
const GroupsTab = lazy(() => import("./groups-tab.tsx"));
const HistoryTab = lazy(() => import("./history-tab.tsx"));
const LdifTab = lazy(() => import("./ldif-tab.tsx"));
const EntryDialog = lazy(() => import("./entry-dialog.tsx"));

/** Enough for people; of large groups the rest is in their members' list. */
const maxValues = 200;

export interface EntryViewProps {
  readonly cluster: string;
  readonly dn: string;
  /** The entry has been deleted or has another name: `now`. */
  readonly onGone: (now?: string) => void;
  /** Its name is above it already. */
  readonly isAlone?: boolean;
  readonly tab?: string | undefined;
  readonly onTab: (tab: string) => void;
}

export const dialogKinds = ["password", "rename", "move", "copy", "delete"] as const;
export type DialogKind = (typeof dialogKinds)[number];
export const dialogLabels: Readonly<Record<DialogKind, string>> = {
  password: "Set the password…",
  rename: "Rename…",
  move: "Move…",
  copy: "Copy…",
  delete: "Delete…",
};

const tabs = {
  attributes: "Attributes",
  groups: "Groups",
  history: "History",
  ldif: "LDIF",
  compare: "Other nodes",
};

export function useEntry(cluster: string, dn: string | undefined) {
  return useQuery({
    queryKey: ["entry", cluster, dn],
    enabled: dn !== undefined,
    queryFn: ({ signal }) =>
      api("GET /clusters/{cluster}/entry", { params: { cluster }, query: { dn: dn!, maxValues }, signal }),
  });
}

export function EntryView({ cluster, dn, onGone, isAlone = false, tab, onTab }: EntryViewProps) {
  const entry = useEntry(cluster, dn);
  const [dialog, setDialog] = useState<DialogKind>();
  if (entry.isPending) return <Pending />;
  if (entry.isError) return <ProblemAlert error={entry.error} onRetry={() => void entry.refetch()} />;
  const { entry: found, may, node, cut } = entry.data;
  const kinds = valuesOf(found.attributes, "objectClass").filter((value) => typeof value === "string");
  const isPerson = kinds.some((name) => /^(person|inetorgperson|posixaccount|account|user)$/i.test(name));
  const actions = dialogKinds.filter((kind) =>
    kind === "password" ? isPerson && may.includes("password") : may.includes("write"),
  );
  return (
    <Stack gap="sm">
      <Group justify="space-between" align="flex-start" wrap="nowrap">
        <Stack gap={4}>
          {!isAlone && (
            <Title order={2} size="h3" className="break">
              {titleOf(dn, found.attributes)}
            </Title>
          )}
          <Group gap={6}>
            <Text size="sm" className="mono">
              {dn}
            </Text>
            <CopyButton value={dn}>
              {({ copied, copy }) => (
                <Button
                  size="compact-xs"
                  variant="subtle"
                  onClick={copy}
                  leftSection={<IconCopy size={12} aria-hidden />}
                >
                  {copied ? "Copied" : "Copy DN"}
                </Button>
              )}
            </CopyButton>
          </Group>
          <Group gap={4}>
            {kinds.map((name) => (
              <Badge key={name} variant="default" size="sm" tt="none">
                {name}
              </Badge>
            ))}
          </Group>
        </Stack>
        {actions.length > 0 && (
          <Menu position="bottom-end" withinPortal>
            <Menu.Target>
              <Button variant="default" flex="none" rightSection={<IconDotsVertical size={16} aria-hidden />}>
                Actions
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              {actions.map((kind) => (
                <Menu.Item
                  key={kind}
                  c={kind === "delete" ? "var(--mantine-color-error)" : undefined}
                  onClick={() => setDialog(kind)}
                >
                  {dialogLabels[kind]}
                </Menu.Item>
              ))}
            </Menu.Dropdown>
          </Menu>
        )}
      </Group>
      <Tabs
        value={tab !== undefined && tab in tabs ? tab : "attributes"}
        onChange={(chosen) => chosen !== null && onTab(chosen)}
        keepMounted={false}
      >
        <Tabs.List className={classes.tabs}>
          {Object.entries(tabs).map(([value, label]) => (
            <Tabs.Tab key={value} value={value}>
              {label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Suspense fallback={<Pending />}>
          <Tabs.Panel value="attributes" pt="md">
            <AttributesForm
              cluster={cluster}
              entry={found}
              cut={cut ?? {}}
              mayWrite={may.includes("write")}
              onSaved={() => void entry.refetch()}
            />
          </Tabs.Panel>
          <Tabs.Panel value="groups" pt="md">
            <GroupsTab cluster={cluster} dn={dn} mayWrite={may.includes("write")} />
          </Tabs.Panel>
          <Tabs.Panel value="history" pt="md">
            <HistoryTab cluster={cluster} dn={dn} onUndone={() => void entry.refetch()} />
          </Tabs.Panel>
          <Tabs.Panel value="ldif" pt="md">
            <LdifTab
              cluster={cluster}
              entry={found}
              mayWrite={may.includes("write")}
              onApplied={() => void entry.refetch()}
            />
          </Tabs.Panel>
          <Tabs.Panel value="compare" pt="md">
            <CompareTab cluster={cluster} dn={dn} />
          </Tabs.Panel>
        </Suspense>
      </Tabs>
      <Text size="xs" c="dimmed">
        Read from {node}
      </Text>
      <Suspense fallback={null}>
        {dialog !== undefined && (
          <EntryDialog
            kind={dialog}
            cluster={cluster}
            dn={dn}
            onClose={() => setDialog(undefined)}
            onDone={(isGone, now) => {
              setDialog(undefined);
              if (isGone) onGone(now);
              else void entry.refetch();
            }}
          />
        )}
      </Suspense>
    </Stack>
  );
}

function Pending() {
  return (
    <Stack gap="sm" aria-busy aria-label="Loading">
      <Skeleton height={28} width="50%" />
      <Skeleton height={16} width="70%" />
      <Skeleton height={220} />
    </Stack>
  );
}
