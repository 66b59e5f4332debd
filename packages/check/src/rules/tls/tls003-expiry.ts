import type { X509Certificate } from "node:crypto";
import type { Severity } from "@espalier/service";
import { defineRule } from "../../engine/rule.ts";
import { daysLeft, formatCertificate, formatDay } from "../../inputs/certificate.ts";
import { presentedCertificates } from "./certificates.ts";

const dayMs = 86_400_000;
const highDays = 7;
const mediumDays = 30;

export const tls003 = defineRule({
  id: "TLS003",
  title: "certificate has expired or expires soon",
  severity: "critical",
  profile: "lab",
  reads: ["pem", "endpoint"],
  fix: "none",
  explanation: `From the second a certificate expires, every client that checks it refuses the server: nobody can log in, and nothing was changed that day. ACME clients renew 30 days before the end, so one with fewer days left is one whose renewal fails.

Critical once it has expired, high below seven days, medium below thirty. Renew it, put it in place, let the server load it, and look with \`espalier cert check\` at what it then presents.`,
  references: ["RFC 5280, 4.1.2.5", "Let's Encrypt documentation, “Integration Guide”, when to renew"],
  *find(project, { now }) {
    for (const { subject, certificate, index, count, ...place } of presentedCertificates(project)) {
      const ending = endingOf(certificate, now);
      if (ending === undefined) continue;
      const who = subjectOf(certificate, subject, index, count);
      yield {
        subject,
        ...place,
        severity: ending.severity,
        message: `${who} ${ending.text}`,
        value: certificate.fingerprint256,
        fix: ending.isFuture
          ? "Compare this machine's clock with the time, or issue the certificate again."
          : renewal(certificate),
      };
    }
  },
});

interface Ending {
  readonly severity: Severity;
  readonly text: string;
  readonly isFuture?: true;
}

function endingOf(certificate: X509Certificate, now: number): Ending | undefined {
  const { validFromDate, validToDate } = certificate;
  const days = daysLeft(certificate, now);
  const day = formatDay(validToDate);
  if (now > validToDate.getTime()) {
    const ago = Math.floor((now - validToDate.getTime()) / dayMs);
    return { severity: "critical", text: `expired ${ago === 0 ? "less than a day" : counted(ago)} ago, on ${day}` };
  }
  if (now < validFromDate.getTime()) {
    return { severity: "critical", text: `is not valid before ${formatDay(validFromDate)}`, isFuture: true };
  }
  if (days >= mediumDays) return undefined;
  const text = `expires in ${days === 0 ? "less than a day" : counted(days)}, on ${day}`;
  return { severity: days < highDays ? "high" : "medium", text };
}

function counted(days: number): string {
  return days === 1 ? "1 day" : `${days} days`;
}

function subjectOf(certificate: X509Certificate, subject: string, index: number, count: number): string {
  const name = formatCertificate(certificate);
  if (count === 1) return `the certificate ${name} (${subject})`;
  return `certificate ${index + 1} of ${count}, ${name} (${subject}),`;
}

function renewal({ issuer = "", subject }: X509Certificate): string {
  if (/Espalier self-signed/.test(issuer)) {
    return "Restart the service that made it: it makes a new one in the last 30 days. Its clients need a copy of the new one.";
  }
  if (/Let's Encrypt|ZeroSSL|Buypass|Google Trust Services/.test(issuer)) {
    return `Its ACME client should have renewed it. See why it fails, renew, and let the server load it:
certbot renew --dry-run          (certbot)
docker logs traefik 2>&1 | grep -i acme          (Traefik; Caddy: its log)`;
  }
  return issuer === subject
    ? "Make a new one (espalier cert self-signed, espalier cert ca issue), put it in place, and give its clients a copy."
    : `Let ${issuer.replaceAll("\n", ", ")} sign a new one, put it in place with its intermediates, and let the server load it.`;
}
