/** What the directory's entries can be: its object classes and attribute types. */
import {
  Alert,
  Anchor,
  Badge,
  Code,
  Grid,
  Group,
  NavLink,
  ScrollArea,
  SegmentedControl,
  Skeleton,
  Stack,
  Text,
  TextInput,
  Title,
} from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { type ApiOutput, api } from "../../api/client.ts";
import { Empty } from "../../parts/empty.tsx";
import { ProblemAlert } from "../../parts/problem-alert.tsx";
import { ScreenPage } from "../../parts/screen-page.tsx";

type SchemaJson = ApiOutput<"GET /clusters/{cluster}/schema">;
type ObjectClass = SchemaJson["objectClasses"][number];
type AttributeType = SchemaJson["attributeTypes"][number];
const maxListed = 400;

export default function Schema() {
  const { cluster } = useParams({ from: "/c/$cluster/schema" });
  const { kind: wanted, name, q = "" } = useSearch({ from: "/c/$cluster/schema" });
  const kind = wanted === "attribute" ? wanted : "class";
  const navigate = useNavigate();
  const go = (search: { readonly kind?: string; readonly name?: string; readonly q?: string }) =>
    void navigate({
      to: "/c/$cluster/schema",
      params: { cluster },
      search: (before) => ({ ...before, ...search }),
      replace: true,
    });
  const schema = useQuery({
    queryKey: ["schema", cluster],
    queryFn: ({ signal }) => api("GET /clusters/{cluster}/schema", { params: { cluster }, signal }),
    staleTime: 300_000,
  });
  const all: readonly (ObjectClass | AttributeType)[] =
    schema.data === undefined ? [] : kind === "class" ? schema.data.objectClasses : schema.data.attributeTypes;
  const sought = q.toLowerCase();
  const listed = all
    .filter(({ names, oid, description }) =>
      [...names, oid, description ?? ""].some((text) => text.toLowerCase().includes(sought)),
    )
    .sort((one, other) => titleOf(one).localeCompare(titleOf(other)));
  const chosen = all.find(
    ({ names, oid }) => name !== undefined && [...names, oid].some((each) => each.toLowerCase() === name.toLowerCase()),
  );
  return (
    <ScreenPage
      title={`Schema of ${cluster}`}
      help="Object classes say which attributes an entry must and may have; attribute types say what their values are."
    >
      {schema.isPending && <Skeleton height={300} />}
      {schema.isError && <ProblemAlert error={schema.error} onRetry={() => void schema.refetch()} />}
      {schema.isSuccess && (
        <Grid>
          <Grid.Col span={{ base: 12, md: 5, xl: 4 }}>
            <Stack gap="xs">
              <SegmentedControl
                aria-label="Kind"
                data={[
                  { value: "class", label: `Object classes (${schema.data.objectClasses.length})` },
                  { value: "attribute", label: `Attributes (${schema.data.attributeTypes.length})` },
                ]}
                value={kind}
                onChange={(value) => go({ kind: value, name: undefined })}
              />
              <TextInput
                label="Find"
                placeholder="A name, an OID, a word of the description"
                value={q}
                onChange={(event) =>
                  go({ q: event.currentTarget.value === "" ? undefined : event.currentTarget.value })
                }
              />
              <ScrollArea.Autosize mah="60dvh">
                {listed.slice(0, maxListed).map((definition) => (
                  <NavLink
                    key={definition.oid}
                    label={titleOf(definition)}
                    description={definition.description}
                    active={definition === chosen}
                    renderRoot={(props) => (
                      <Link
                        to="/c/$cluster/schema"
                        params={{ cluster }}
                        search={{ kind, name: titleOf(definition), ...(q === "" ? {} : { q }) }}
                        {...props}
                      />
                    )}
                  />
                ))}
                {listed.length === 0 && <Empty title="Nothing is called that" />}
                {listed.length > maxListed && (
                  <Text size="sm" c="dimmed">
                    {listed.length - maxListed} more: type to find one.
                  </Text>
                )}
              </ScrollArea.Autosize>
            </Stack>
          </Grid.Col>
          <Grid.Col span={{ base: 12, md: 7, xl: 8 }}>
            {chosen === undefined ? (
              <Empty title="Nothing is chosen">Choose a definition to see it here.</Empty>
            ) : "kind" in chosen ? (
              <ClassView cluster={cluster} definition={chosen} />
            ) : (
              <AttributeView cluster={cluster} definition={chosen} schema={schema.data} />
            )}
          </Grid.Col>
        </Grid>
      )}
      {schema.data !== undefined && schema.data.problems.length > 0 && (
        <Alert
          color="yellow"
          variant="light"
          title={`${schema.data.problems.length} definitions could not be used as they are`}
        >
          {schema.data.problems.slice(0, 20).map(({ definition, message }) => (
            <Text key={`${definition} ${message}`} size="sm">
              <span className="mono">{definition}</span>: {message}
            </Text>
          ))}
        </Alert>
      )}
    </ScreenPage>
  );
}

function titleOf({ names, oid }: { readonly names: readonly string[]; readonly oid: string }): string {
  return names[0] ?? oid;
}

function ClassView({ cluster, definition }: { readonly cluster: string; readonly definition: ObjectClass }) {
  const { names, oid, description, kind, chain, must, may, isObsolete } = definition;
  return (
    <Stack gap="sm">
      <Head
        names={names}
        oid={oid}
        description={description}
        badges={[kind.toLowerCase(), ...(isObsolete ? ["obsolete"] : [])]}
      />
      <Fact name="Above it">
        <Names cluster={cluster} kind="class" names={chain} />
      </Fact>
      <Fact name="Must have">
        <Names cluster={cluster} kind="attribute" names={must} />
      </Fact>
      <Fact name="May have">
        <Names cluster={cluster} kind="attribute" names={may} />
      </Fact>
    </Stack>
  );
}

interface AttributeViewProps {
  readonly cluster: string;
  readonly definition: AttributeType;
  readonly schema: SchemaJson;
}

function AttributeView({ cluster, definition, schema }: AttributeViewProps) {
  const { names, oid, description, chain, syntax, equality, ordering, substrings, isSingleValued, isReadOnly, usage } =
    definition;
  const uses = (list: readonly string[]) =>
    list.some((each) => names.some((name) => name.toLowerCase() === each.toLowerCase()));
  const classesBy = (part: "must" | "may") => schema.objectClasses.filter((each) => uses(each[part])).map(titleOf);
  const badges = [
    isSingleValued ? "one value" : "several values",
    ...(isReadOnly ? ["kept by the server"] : []),
    usage,
  ];
  const known = schema.syntaxes.find((each) => each.oid === syntax)?.description;
  return (
    <Stack gap="sm">
      <Head names={names} oid={oid} description={description} badges={badges} />
      <Fact name="Above it">
        <Names cluster={cluster} kind="attribute" names={chain} />
      </Fact>
      <Fact name="Syntax">
        <Text size="sm">
          {known ?? "unknown"} <span className="mono">{syntax}</span>
        </Text>
      </Fact>
      <Fact name="Compared by">
        <Text size="sm">
          {[equality, ordering, substrings].filter((rule) => rule !== undefined).join(", ") || "nothing"}
        </Text>
      </Fact>
      <Fact name="Required by">
        <Names cluster={cluster} kind="class" names={classesBy("must")} />
      </Fact>
      <Fact name="Allowed by">
        <Names cluster={cluster} kind="class" names={classesBy("may")} />
      </Fact>
    </Stack>
  );
}

interface HeadProps {
  readonly names: readonly string[];
  readonly oid: string;
  readonly description: string | undefined;
  readonly badges: readonly string[];
}

function Head({ names, oid, description, badges }: HeadProps) {
  return (
    <>
      <Title order={2} size="h3" className="break">
        {names.join(", ") || oid}
      </Title>
      <Group gap="xs">
        <Code>{oid}</Code>
        {badges.map((badge) => (
          <Badge key={badge} variant="default" tt="none">
            {badge}
          </Badge>
        ))}
      </Group>
      {description !== undefined && <Text size="sm">{description}</Text>}
    </>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: React.ReactNode }) {
  return (
    <div>
      <Text size="sm" fw={600}>
        {name}
      </Text>
      {children}
    </div>
  );
}

function Names({
  cluster,
  kind,
  names,
}: {
  readonly cluster: string;
  readonly kind: string;
  readonly names: readonly string[];
}) {
  if (names.length === 0) return <Text size="sm">none</Text>;
  return (
    <Group gap={8}>
      {names.map((name) => (
        <Anchor
          key={name}
          size="sm"
          renderRoot={(props) => (
            <Link to="/c/$cluster/schema" params={{ cluster }} search={{ kind, name }} {...props} />
          )}
        >
          {name}
        </Anchor>
      ))}
    </Group>
  );
}
