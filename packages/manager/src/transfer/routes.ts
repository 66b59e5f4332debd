/** The routes of exports, imports and their jobs. */
import { z } from "zod";
import { problemCodes } from "../api/problem.ts";
import { clusterParams, defineRoutes } from "../api/route.ts";
import { jobStates, maxErrors } from "./job.ts";

const flag = z.enum(["true", "false"]).default("false");
const time = z.iso.datetime();

export const jobSchema = z.object({
  id: z.string(),
  cluster: z.string(),
  person: z.string().describe("Who began it."),
  title: z.string(),
  state: z
    .enum(jobStates)
    .describe(
      "`failed`: it could not go on, and `message` says why. `interrupted`: the service ended meanwhile; the counts are how far it was at least.",
    ),
  options: z.object({
    format: z.enum(["ldif", "csv"]),
    mode: z.enum(["add", "update"]),
    dryRun: z.boolean(),
    continues: z.boolean(),
  }),
  progress: z.object({
    read: z.number().int().describe("Entries and changes of the file that have been looked at."),
    applied: z.number().int().describe("Of a dry run: those that could be applied."),
    unchanged: z.number().int().describe("There already, with the same values."),
    failed: z.number().int(),
    inDoubt: z
      .number()
      .int()
      .describe("The connection was lost while the directory had them: they may have been applied."),
    bytes: z.number().int(),
    totalBytes: z.number().int().describe("Of the file."),
  }),
  changeSet: z.string().optional().describe("What was applied, in the audit trail and for undo."),
  message: z.string().optional().describe("Why it ended before its end."),
  errorCount: z.number().int(),
  createdAt: time,
  startedAt: time.optional(),
  finishedAt: time.optional(),
});

const jobErrorSchema = z.object({
  line: z.number().int().describe("Where the entry or change begins in the file, from 1."),
  dn: z.string().optional(),
  code: z.enum(problemCodes),
  message: z.string(),
});

const jobParams = z.object({ id: z.uuid() });

export const transferRoutes = defineRoutes({
  "GET /clusters/{cluster}/export": {
    summary: "Exports a subtree as LDIF or CSV.",
    description: [
      "Entries come as they are read, each after the one above it, so that `ldapadd`, `slapadd` and an import take them as they are. Secrets",
      "are left out, unless an administrator asks for them. Every export is noted in the audit trail.",
      "",
      "LDIF ends with a comment, `# end: 1234 entries`. CSV is UTF-8 with commas and CRLF (RFC 4180): `dn`, then a column for",
      "each attribute. Several values are in one cell, parted by `;`; a `;` or a `\\` in a value has a `\\` before it. Bytes that",
      "are not text are `{base64}` and their base64. Values are as they are in the directory, also those that begin with `=`",
      "and that a spreadsheet takes for a formula. An export that breaks ends the connection without the end of the body.",
    ].join("\n"),
    tag: "transfer",
    access: "session",
    params: clusterParams,
    query: z.object({
      base: z.string().max(2_000).optional().describe("The cluster's base unless said."),
      scope: z.enum(["base", "one", "sub"]).default("sub"),
      filter: z.string().max(4_000).default("(objectClass=*)").describe("RFC 4515."),
      attributes: z
        .string()
        .max(4_000)
        .default("")
        .describe("Names, parted by commas; all user attributes unless said."),
      format: z.enum(["ldif", "csv"]).default("ldif"),
      operational: flag.describe("Operational attributes too. An import leaves out what only the server sets."),
      reveal: flag.describe("Shows secrets: for administrators."),
    }),
    streams: ["text/ldif", "text/csv"],
  },
  "POST /clusters/{cluster}/import": {
    summary: "Imports LDIF or CSV, as a job.",
    description: [
      "The body is the file, of 256 MiB at most; its media type says what it is. LDIF: content and change records; values behind",
      "`:<` (URLs) are refused. Attributes that only the server sets are left out of entries. CSV: UTF-8, the first line names",
      "the columns; commas, semicolons and tabs are told apart. Cells are read as an export writes them. A `userPassword` that is",
      "not a hash is set as a password, by the server.",
      "",
      "Without `continues` entries are applied one after the other, and nothing behind the first failure is tried. With it they",
      "are applied several at a time, none before what is above it. An import that ended early can be sent again with",
      "`mode=update`: entries that are as they should be are left alone.",
    ].join("\n"),
    tag: "transfer",
    access: "session",
    params: clusterParams,
    query: z.object({
      name: z.string().max(200).optional().describe("The file's name, for people."),
      mode: z
        .enum(["add", "update"])
        .default("add")
        .describe(
          "`add`: an entry that is there already is an error. `update`: it gets the file's values of the attributes that the file names, and keeps the others.",
        ),
      dryRun: flag.describe("Checks everything and writes nothing: schema, syntax, names, what is there already."),
      continues: flag.describe("Goes on behind what cannot be done. A dry run always does."),
      mapping: z
        .string()
        .max(16_000)
        .optional()
        .describe(
          'CSV: a JSON object of attributes by column, for columns that are called otherwise; `""` leaves one out.',
        ),
      objectClasses: z
        .string()
        .max(1_000)
        .optional()
        .describe("CSV: names parted by commas, for rows without `objectClass`."),
      parent: z.string().max(2_000).optional().describe("CSV: below which entry those are added that have no `dn`."),
      rdn: z.string().max(100).optional().describe("CSV: the attribute that names those."),
      form: z
        .string()
        .max(100)
        .optional()
        .describe("CSV: a creation form, whose fields the columns are; `user`, or a template."),
      severalValues: z
        .enum(["true", "false"])
        .default("true")
        .describe("CSV: false where a cell is one value as it stands, whatever is in it."),
    }),
    accepts: ["text/ldif", "text/csv"],
    status: 202,
    response: jobSchema,
  },
  "GET /jobs": {
    summary: "Lists your jobs, and of clusters that you administer everybody's.",
    tag: "transfer",
    access: "session",
    query: z.object({
      cluster: z.string().max(100).optional(),
      limit: z.coerce.number().int().min(1).max(200).default(50),
    }),
    response: z.object({ jobs: z.array(jobSchema).describe("The newest first.") }),
  },
  "GET /jobs/{id}": {
    summary: "Shows how far a job is, and what went wrong.",
    tag: "transfer",
    access: "session",
    params: jobParams,
    response: jobSchema.extend({
      errors: z.array(jobErrorSchema).describe(`By line, the first ${maxErrors}; errorCount counts all.`),
    }),
  },
  "GET /jobs/{id}/stream": {
    summary: "Follows a job: server-sent events.",
    description:
      "`progress` events with the job as it is, and `end` with what became of it, after which the stream ends.",
    tag: "transfer",
    access: "session",
    params: jobParams,
    streams: ["text/event-stream"],
  },
  "DELETE /jobs/{id}": {
    summary: "Ends a job between two entries. What was applied stays, and can be undone.",
    tag: "transfer",
    access: "session",
    params: jobParams,
    response: jobSchema,
  },
});
