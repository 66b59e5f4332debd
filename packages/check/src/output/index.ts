/** The formats of a report. */
import { formatGithub, formatGitlab } from "./annotations.ts";
import type { ReportFormat } from "./format.ts";
import { formatHuman } from "./human.ts";
import { formatJson } from "./json.ts";
import { formatJunit } from "./junit.ts";
import { formatMarkdown } from "./markdown.ts";
import { formatSarif } from "./sarif.ts";

export const reportFormats = {
  human: formatHuman,
  json: formatJson,
  sarif: formatSarif,
  junit: formatJunit,
  markdown: formatMarkdown,
  github: formatGithub,
  gitlab: formatGitlab,
} as const satisfies Readonly<Record<string, ReportFormat>>;

export type ReportFormatName = keyof typeof reportFormats;
