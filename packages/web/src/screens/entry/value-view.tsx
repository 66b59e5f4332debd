/** A value as it is read. */

import type { Value } from "@espalier/manager/api";
import { Anchor, Badge, Group, Image, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { api, apiUrl } from "../../api/client.ts";
import { valueText } from "../../api/values.ts";
import { EntryLink } from "../../parts/entry-link.tsx";
import { Time } from "../../parts/time.tsx";

export interface ValueViewProps {
  readonly cluster: string;
  readonly dn: string;
  readonly name: string;
  readonly index: number;
  readonly value: Value;
  readonly kind: string | undefined;
}

/** RFC 4517 §3.3.13, as far as it names a second. */
const generalizedTime = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:[.,]\d+)?Z$/;
const dnAttribute =
  /^(creatorsName|modifiersName|member|uniqueMember|memberOf|manager|owner|seeAlso|secretary|roleOccupant|structuralObjectClass)$/i;

export function ValueView({ cluster, dn, name, index, value, kind }: ValueViewProps) {
  if (typeof value === "object" && "hidden" in value) {
    return (
      <Badge variant="default" tt="none" mt={4}>
        {valueText(value)}
      </Badge>
    );
  }
  if (typeof value === "object") {
    const download = apiUrl("GET /clusters/{cluster}/value", {
      params: { cluster },
      query: { dn, attribute: name, index },
    });
    if (kind === "photo") {
      return <Image src={`data:image/jpeg;base64,${value.base64}`} alt={`${name} of ${dn}`} maw={160} radius="md" />;
    }
    if (kind === "certificate") return <Certificate cluster={cluster} dn={dn} name={name} index={index} />;
    return (
      <Anchor href={download} download size="sm" pt={4}>
        {valueText(value)}
      </Anchor>
    );
  }
  const time = generalizedTime.exec(value);
  if (time !== null) {
    const [, year, month, day, hour, minute, second] = time;
    return (
      <Group gap="xs" pt={4}>
        <Text size="sm" className="mono">
          {value}
        </Text>
        <Text size="xs" c="dimmed">
          <Time at={`${year}-${month}-${day}T${hour}:${minute}:${second}Z`} />
        </Text>
      </Group>
    );
  }
  if (kind === "dn" || (dnAttribute.test(name) && value.includes("="))) {
    return (
      <Text size="sm" pt={4}>
        <EntryLink cluster={cluster} dn={value} />
      </Text>
    );
  }
  return (
    <Text size="sm" pt={4} className="break" style={{ whiteSpace: "pre-wrap" }}>
      {value}
    </Text>
  );
}

function Certificate({ cluster, dn, name, index }: Omit<ValueViewProps, "value" | "kind">) {
  const parsed = useQuery({
    queryKey: ["certificate", cluster, dn, name, index],
    queryFn: ({ signal }) =>
      api("GET /clusters/{cluster}/certificate", {
        params: { cluster },
        query: { dn, attribute: name, index },
        signal,
      }),
  });
  if (parsed.data === undefined)
    return <Text size="sm">{parsed.isError ? "It cannot be read as a certificate." : "…"}</Text>;
  const { subject, issuer, validTo, validity } = parsed.data.certificate;
  return (
    <Text size="sm" pt={4} className="break">
      {subject.join(", ")}, by {issuer.join(", ")};{" "}
      {validity === "expired" ? "expired " : validity === "not_yet_valid" ? "not valid yet, until " : "valid until "}
      <Time at={validTo} />
    </Text>
  );
}
