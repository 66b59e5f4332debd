/**
 * Alertmanager's webhooks, payload version 4: a group of alerts, firing or resolved. Keys that newer releases add are taken
 * along. A group that fires, changes and ends is one incident.
 */
import { createHash } from "node:crypto";
import type { Severity } from "@espalier/service";
import { z } from "zod";
import { severityOf } from "./reading.ts";

const labels = z.record(z.string(), z.string());

const payloadSchema = z.looseObject({
  version: z.literal("4"),
  groupKey: z.string().min(1),
  status: z.enum(["firing", "resolved"]),
  receiver: z.string(),
  groupLabels: labels,
  commonLabels: labels,
  commonAnnotations: labels,
  externalURL: z.string(),
  truncatedAlerts: z.number().optional(),
  alerts: z
    .array(
      z.looseObject({
        status: z.enum(["firing", "resolved"]),
        labels,
        annotations: labels,
        startsAt: z.string(),
        endsAt: z.string(),
        fingerprint: z.string(),
      }),
    )
    .min(1),
});

type AlertmanagerPayload = z.output<typeof payloadSchema>;

interface AlertGroup {
  readonly type: "alert.firing" | "alert.resolved";
  readonly severity: Severity;
  readonly subject: string;
  /** The same from the group's first alert until it is resolved. */
  readonly incident: string;
  readonly identity: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export type ReadAlertGroup =
  | { readonly isRead: true; readonly group: AlertGroup }
  | { readonly isRead: false; readonly problems: readonly { readonly where: string; readonly problem: string }[] };

export function readAlertGroup(payload: unknown): ReadAlertGroup {
  const { data, error } = payloadSchema.safeParse(payload);
  if (data === undefined) {
    const problems = error.issues
      .slice(0, 20)
      .map(({ path, message }) => ({ where: `/${path.join("/")}`, problem: message }));
    return { isRead: false, problems };
  }
  return { isRead: true, group: groupOf(data) };
}

function groupOf(payload: AlertmanagerPayload): AlertGroup {
  const { status, groupKey, alerts, commonLabels, commonAnnotations, groupLabels, externalURL } = payload;
  const incident = digest([groupKey]);
  return {
    type: `alert.${status}`,
    severity: gravest(payload),
    subject: subjectOf(payload),
    incident,
    identity: digest([
      groupKey,
      status,
      alerts.map(({ fingerprint, status, startsAt }) => [fingerprint, status, startsAt]).sort(),
    ]),
    data: {
      incident,
      groupLabels,
      commonLabels,
      commonAnnotations,
      externalURL,
      ...(payload.truncatedAlerts === undefined ? {} : { truncatedAlerts: payload.truncatedAlerts }),
      ...(commonAnnotations.summary === undefined ? {} : { summary: commonAnnotations.summary }),
      alerts: alerts.map(({ status, labels, annotations, startsAt, endsAt, fingerprint, generatorURL }) => ({
        status,
        labels,
        annotations,
        startsAt,
        ...(status === "resolved" ? { endsAt } : {}),
        fingerprint,
        ...(typeof generatorURL === "string" ? { generatorURL } : {}),
      })),
    },
  };
}

const ranks: readonly Severity[] = ["critical", "high", "medium", "low", "info"];

/** Of its alerts; `medium` where none says. What is over is information. */
function gravest({ status, alerts }: AlertmanagerPayload): Severity {
  if (status === "resolved") return "info";
  const named = alerts
    .filter((alert) => alert.status === "firing")
    .flatMap(({ labels }) => severityOf(labels.severity ?? "") ?? []);
  return ranks.find((severity) => named.includes(severity)) ?? "medium";
}

/** `InstanceDown ldap1:636`, with what the alerts of the group have in common. */
function subjectOf({ commonLabels, groupLabels, receiver }: AlertmanagerPayload): string {
  const both = { ...commonLabels, ...groupLabels };
  const parts = [both.alertname, both.instance ?? both.job].filter((text) => text !== undefined && text !== "");
  return parts.length > 0 ? parts.join(" ") : Object.values(groupLabels).join(" ") || receiver || "alerts";
}

function digest(parts: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("base64url");
}
