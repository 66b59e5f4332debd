/** Who are you? By a name and a password of the directory, or by an OpenID provider; and a second factor where there is one. */
import {
  Alert,
  Button,
  Center,
  Divider,
  Paper,
  PasswordInput,
  PinInput,
  Select,
  Stack,
  Text,
  TextInput,
  Title,
} from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Navigate, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { api, apiUrl, basePath, ProblemError, setCsrfToken } from "../../api/client.ts";
import { sessionKey, useSession } from "../../app/session.ts";
import { ProblemAlert } from "../../parts/problem-alert.tsx";
import { signInProblem } from "./sign-in-problem.ts";

export default function SignIn() {
  useDocumentTitle("Sign in · Espalier");
  const { next, problem } = useSearch({ from: "/sign-in" });
  const { data: session } = useSession();
  const options = useQuery({
    queryKey: ["session", "options"],
    queryFn: ({ signal }) => api("GET /session/options", { signal }),
  });
  if (session !== null && session !== undefined && session.secondFactor.restriction === undefined) {
    return <Navigate to={insideOnly(next)} replace />;
  }
  return (
    <Center mih="100dvh" p="md" component="main">
      <Paper withBorder p="xl" w={400} maw="100%" shadow="sm">
        <Stack>
          <div>
            <Title order={1} size="h2">
              Espalier
            </Title>
            <Text c="dimmed" size="sm">
              Sign in with your account of the directory.
            </Text>
          </div>
          {problem !== undefined && (
            <Alert color="red" variant="light" role="alert">
              {signInProblem(problem)}
            </Alert>
          )}
          {options.isError && <ProblemAlert error={options.error} onRetry={() => void options.refetch()} />}
          {options.data !== undefined && (
            <>
              <PasswordSignIn clusters={options.data.clusters} next={next} />
              {options.data.oidc.length > 0 && (
                <>
                  <Divider label="or" />
                  {options.data.oidc.map(({ name, label }) => (
                    <Button
                      key={name}
                      variant="default"
                      component="a"
                      href={apiUrl("GET /session/oidc/{provider}", {
                        params: { provider: name },
                        query: { returnTo: `${basePath}${insideOnly(next).slice(1)}` },
                      })}
                    >
                      {label}
                    </Button>
                  ))}
                </>
              )}
            </>
          )}
        </Stack>
      </Paper>
    </Center>
  );
}

interface PasswordSignInProps {
  readonly clusters: readonly { readonly name: string; readonly description: string }[];
  readonly next: string | undefined;
}

const codeLength = 6;

function PasswordSignIn({ clusters, next }: PasswordSignInProps) {
  const [cluster, setCluster] = useState(clusters[0]?.name ?? "");
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [isRecovering, setIsRecovering] = useState(false);
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const signIn = useMutation({
    mutationFn: () =>
      api("POST /session", { body: { cluster, name, password, ...(code === "" ? {} : { secondFactor: code }) } }),
    onSuccess: async (session) => {
      setCsrfToken(session.csrfToken);
      queryClient.clear();
      queryClient.setQueryData(sessionKey, session);
      await navigate({ to: insideOnly(next) });
    },
  });
  const { error } = signIn;
  const wantsCode = code !== "" || (error instanceof ProblemError && error.problem.code === "second_factor_needed");
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        signIn.mutate();
      }}
    >
      <Stack>
        {clusters.length > 1 && (
          <Select
            label="Directory"
            data={clusters.map((each) => ({
              value: each.name,
              label: each.description === "" ? each.name : `${each.name} — ${each.description}`,
            }))}
            value={cluster}
            onChange={(chosen) => setCluster(chosen ?? "")}
            allowDeselect={false}
          />
        )}
        <TextInput
          label="Name"
          description="Login name, mail address, or DN"
          autoComplete="username"
          required
          autoFocus
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <PasswordInput
          label="Password"
          autoComplete="current-password"
          required
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        {wantsCode &&
          (isRecovering ? (
            <TextInput
              label="Recovery code"
              value={code}
              onChange={(event) => setCode(event.currentTarget.value)}
              data-autofocus
            />
          ) : (
            <Stack gap={4}>
              <Text size="sm" fw={500} id="code-label">
                Code of your authenticator app
              </Text>
              <PinInput
                length={codeLength}
                type="number"
                oneTimeCode
                autoFocus
                aria-label="Code of your authenticator app"
                value={code}
                onChange={setCode}
              />
              <Button variant="subtle" size="compact-xs" w="fit-content" onClick={() => setIsRecovering(true)}>
                I have a recovery code
              </Button>
            </Stack>
          ))}
        {signIn.isError && !(wantsCode && code === "") && <ProblemAlert error={error} />}
        <Button type="submit" loading={signIn.isPending}>
          Sign in
        </Button>
      </Stack>
    </form>
  );
}

/** Only addresses of this page: a link must not lead elsewhere after signing in. */
function insideOnly(next: string | undefined): string {
  if (next === undefined || !next.startsWith("/") || next.startsWith("//") || next.includes("\\")) return "/";
  return next.startsWith("/sign-in") ? "/" : next;
}
