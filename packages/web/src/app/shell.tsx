/** What is around every screen: where one is, where one can go, and who one is. */
import {
  ActionIcon,
  Anchor,
  AppShell,
  Badge,
  Burger,
  Button,
  Center,
  Group,
  Loader,
  Menu,
  NavLink,
  ScrollArea,
  Select,
  Text,
  useComputedColorScheme,
  useMantineColorScheme,
} from "@mantine/core";
import { useDisclosure, useHotkeys } from "@mantine/hooks";
import {
  type IconActivity,
  IconArrowsExchange,
  IconBell,
  IconBinaryTree2,
  IconChartLine,
  IconHistory,
  IconHome,
  IconListCheck,
  IconListSearch,
  IconLogout,
  IconMoon,
  IconSchema,
  IconSearch,
  IconSun,
  IconTarget,
  IconTimeline,
  IconUpload,
  IconUser,
  IconUserCheck,
  IconUsers,
  IconUsersGroup,
} from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { Link, Navigate, Outlet, useLocation, useMatches, useNavigate, useParams } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useState } from "react";
import { api } from "../api/client.ts";
import { ProblemAlert } from "../parts/problem-alert.tsx";
import { sessionKey, useMayAnywhere, useSession } from "./session.ts";

const Palette = lazy(() => import("./palette.tsx"));

export const clusterScreens = [
  ["tree", "Tree", IconBinaryTree2],
  ["search", "Search", IconListSearch],
  ["users", "Users", IconUsers],
  ["groups", "Groups", IconUsersGroup],
  ["import", "Import and export", IconUpload],
  ["changes", "Changes", IconHistory],
  ["schema", "Schema", IconSchema],
  ["replication", "Replication", IconArrowsExchange],
  ["monitoring", "Monitoring", IconChartLine],
] as const;

export function Shell() {
  const session = useSession();
  const location = useLocation();
  const isSigningIn = location.pathname.endsWith("/sign-in");
  // The address changes first: until the screen follows, the one before must not be shown to nobody.
  const isAtSignIn = useMatches({ select: (matches) => matches.some(({ routeId }) => routeId === "/sign-in") });
  if (session.isPending) {
    return (
      <Center h="100dvh">
        <Loader aria-label="Loading" />
      </Center>
    );
  }
  if (session.isError) {
    return (
      <Center h="100dvh" p="md">
        <ProblemAlert error={session.error} onRetry={() => void session.refetch()} />
      </Center>
    );
  }
  if (isSigningIn && session.data === null && !isAtSignIn) return null;
  if (isSigningIn) return <Outlet />;
  if (session.data === null) return <Navigate to="/sign-in" search={{ next: location.href }} replace />;
  // Nothing else is answered until the second factor is given or enrolled, which is done there.
  if (session.data.secondFactor.restriction !== undefined && !location.pathname.endsWith("/me")) {
    return <Navigate to="/me" replace />;
  }
  return <SignedIn isRestricted={session.data.secondFactor.restriction !== undefined} />;
}

function SignedIn({ isRestricted }: { readonly isRestricted: boolean }) {
  const [isOpen, { toggle, close }] = useDisclosure();
  const { pathname } = useLocation();
  const cluster = useCluster();
  const mayAudit = useMayAnywhere("audit");
  const screen = pathname.split("/").at(-1);
  // A menu that covers the screen goes when one has chosen.
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is the change of the address that closes it
  useEffect(close, [pathname]);
  return (
    <AppShell
      header={{ height: 56 }}
      navbar={{ width: 240, breakpoint: "sm", collapsed: { mobile: !isOpen } }}
      padding="md"
    >
      <a className="skip-link" href="#main">
        Skip to the content
      </a>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger
              opened={isOpen}
              onClick={toggle}
              hiddenFrom="sm"
              size="sm"
              aria-label={isOpen ? "Close the menu" : "Open the menu"}
            />
            <Anchor renderRoot={(props) => <Link to="/" {...props} />} underline="never" c="inherit" fw={700} fz="lg">
              Espalier
            </Anchor>
          </Group>
          <Group gap="xs" wrap="nowrap">
            {!isRestricted && <PaletteButton />}
            <SchemeToggle />
            <Person />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" aria-label="Screens">
        <ScrollArea>
          {isRestricted ? (
            <Text size="sm" c="dimmed" p="sm">
              The screens are here once you have given your second factor.
            </Text>
          ) : (
            <>
              <Screen to="/" label="Home" icon={IconHome} isActive={screen === ""} />
              <Screen to="/timeline" label="Timeline" icon={IconTimeline} isActive={screen === "timeline"} />
              {mayAudit && (
                <>
                  <Screen to="/findings" label="Findings" icon={IconListCheck} isActive={screen === "findings"} />
                  <Screen to="/slos" label="Promises" icon={IconTarget} isActive={screen === "slos"} />
                  <Screen
                    to="/notifications"
                    label="Notifications"
                    icon={IconBell}
                    isActive={screen === "notifications"}
                  />
                  <Screen to="/approvals" label="Approvals" icon={IconUserCheck} isActive={screen === "approvals"} />
                </>
              )}
              <ClusterChoice />
            </>
          )}
          {!isRestricted &&
            cluster !== undefined &&
            clusterScreens.map(([path, label, icon]) => (
              <Screen
                key={path}
                to={`/c/$cluster/${path}`}
                params={{ cluster }}
                label={label}
                icon={icon}
                isActive={screen === path || (screen === "entry" && path === "tree")}
              />
            ))}
        </ScrollArea>
      </AppShell.Navbar>
      <AppShell.Main id="main" tabIndex={-1}>
        <Outlet />
      </AppShell.Main>
    </AppShell>
  );
}

/** The cluster of the address, else the first that one is connected to. */
export function useCluster(): string | undefined {
  const { cluster } = useParams({ strict: false });
  const { data } = useSession();
  return cluster ?? data?.clusters[0]?.name;
}

interface ScreenProps {
  readonly to: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly label: string;
  readonly icon: typeof IconActivity;
  readonly isActive: boolean;
}

function Screen({ to, params, label, icon: Icon, isActive }: ScreenProps) {
  return (
    <NavLink
      renderRoot={(props) => <Link to={to as never} params={params as never} {...props} />}
      label={label}
      leftSection={<Icon size={18} aria-hidden />}
      active={isActive}
      aria-current={isActive ? "page" : undefined}
    />
  );
}

function ClusterChoice() {
  const { data } = useSession();
  const cluster = useCluster();
  const navigate = useNavigate();
  const names = data?.clusters.map(({ name }) => name) ?? [];
  if (names.length === 0) return null;
  if (names.length === 1) {
    return (
      <Text size="xs" c="dimmed" fw={600} px="sm" pt="md" pb={4}>
        {names[0]}
      </Text>
    );
  }
  return (
    <Select
      aria-label="Cluster"
      data={names}
      value={cluster ?? null}
      onChange={(name) => name !== null && void navigate({ to: "/c/$cluster/tree", params: { cluster: name } })}
      allowDeselect={false}
      checkIconPosition="right"
      my="sm"
      px={4}
    />
  );
}

function PaletteButton() {
  const [isWanted, want] = useState(false);
  const open = () => (isWanted ? void openPalette() : want(true));
  // Here, and not where the palette is: the keys are taken before it has been loaded.
  useHotkeys([["mod+K", open]], []);
  return (
    <>
      {isWanted && (
        <Suspense fallback={null}>
          <Palette />
        </Suspense>
      )}
      <Button
        variant="default"
        size="xs"
        visibleFrom="sm"
        leftSection={<IconSearch size={14} aria-hidden />}
        rightSection={
          <Badge size="xs" variant="default">
            Ctrl K
          </Badge>
        }
        onClick={open}
      >
        Go to…
      </Button>
      <ActionIcon variant="default" size="lg" hiddenFrom="sm" aria-label="Go to…" onClick={open}>
        <IconSearch size={18} aria-hidden />
      </ActionIcon>
    </>
  );
}

async function openPalette(): Promise<void> {
  const { palette } = await import("./palette.tsx");
  palette.open();
}

function SchemeToggle() {
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme("light");
  const other = scheme === "dark" ? "light" : "dark";
  return (
    <ActionIcon
      variant="default"
      size="lg"
      aria-label={`Change to ${other} colours`}
      onClick={() => setColorScheme(other)}
    >
      {other === "light" ? <IconSun size={18} aria-hidden /> : <IconMoon size={18} aria-hidden />}
    </ActionIcon>
  );
}

function Person() {
  const { data } = useSession();
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const signOut = async () => {
    await api("DELETE /session", {});
    queryClient.clear();
    queryClient.setQueryData(sessionKey, null);
    await navigate({ to: "/sign-in" });
  };
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon variant="default" size="lg" aria-label="You">
          <IconUser size={18} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown maw={320}>
        <Menu.Label className="break">{data?.name}</Menu.Label>
        <Menu.Item
          renderRoot={(props) => <Link to="/me" {...props} />}
          leftSection={<IconUser size={16} aria-hidden />}
        >
          My sessions, password and second factor
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={16} aria-hidden />} onClick={() => void signOut()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
