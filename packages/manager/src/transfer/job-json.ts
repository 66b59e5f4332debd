/** A job as the API shows it. */
import type { z } from "zod";
import type { Job } from "./job.ts";
import type { jobSchema } from "./routes.ts";

export function jobJson(job: Job): z.input<typeof jobSchema> {
  const { id, cluster, person, title, state, options, progress, changeSet, message, errorCount } = job;
  return {
    ...{ id, cluster, person, title, state, options, errorCount },
    progress: { ...progress },
    ...(changeSet === undefined ? {} : { changeSet }),
    ...(message === undefined ? {} : { message }),
    createdAt: iso(job.createdAt),
    ...(job.startedAt === undefined ? {} : { startedAt: iso(job.startedAt) }),
    ...(job.finishedAt === undefined ? {} : { finishedAt: iso(job.finishedAt) }),
  };
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
