/** Jobs as rows: what is left of them when the process that did them has ended, and what other nodes see of them. */
import { type Row, type Statement, type Store, sql, sqlRows } from "@espalier/service";
import type { Job, JobError } from "./job.ts";

/** A process that has not said for so long that it does a job has ended. */
const leaseMs = 15_000;
/** So long jobs are remembered. */
const keptMs = 30 * 86_400_000;

interface JobRow extends Row {
  readonly id: string;
  readonly cluster: string;
  readonly person: string;
  readonly title: string;
  readonly state: Job["state"];
  readonly options: string;
  readonly progress: string;
  readonly change_set: string | null;
  readonly message: string | null;
  readonly error_count: number;
  readonly created_at: number;
  readonly started_at: number | null;
  readonly finished_at: number | null;
}

export class JobStore {
  readonly #store: Store;
  readonly #now: () => number;

  constructor(store: Store, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  /** False where the person has one under way on the cluster already. @throws StoreError */
  add(job: Job): Promise<boolean> {
    const now = this.#now();
    return this.#store.write(async (transaction) => {
      await transaction.run(interruptOrphans(now));
      const old = sql`SELECT id FROM manager_jobs WHERE created_at < ${now - keptMs} AND state NOT IN ('queued', 'running')`;
      await transaction.run(sql`DELETE FROM manager_job_errors WHERE job IN (${old})`);
      await transaction.run(sql`DELETE FROM manager_jobs WHERE id IN (${old})`);
      const added = await transaction.run(sql`
        INSERT INTO manager_jobs (id, cluster, person, title, state, options, progress, error_count, created_at, seen_at)
        VALUES (${job.id}, ${job.cluster}, ${job.person}, ${job.title}, ${job.state}, ${JSON.stringify(job.options)},
          ${JSON.stringify(job.progress)}, 0, ${job.createdAt}, ${now})
        ON CONFLICT DO NOTHING`);
      return added === 1;
    });
  }

  /**
   * Writes how far a job is, which also says that its process is there.
   *
   * @param errors those since the last time; `firstNumber` is the first one's place among all
   * @returns who asked for its end; `undefined` where nobody has
   */
  save(job: Job, errors: readonly JobError[], firstNumber: number): Promise<string | undefined> {
    return this.#store.write(async (transaction) => {
      const row = await transaction.first<{ readonly cancel_by: string | null }>(sql`
        UPDATE manager_jobs SET state = ${job.state}, progress = ${JSON.stringify(job.progress)},
          change_set = ${job.changeSet}, message = ${job.message}, error_count = ${job.errorCount},
          started_at = ${job.startedAt}, finished_at = ${job.finishedAt}, seen_at = ${this.#now()}
        WHERE id = ${job.id} RETURNING cancel_by`);
      if (row !== undefined && errors.length > 0) {
        const rows = errors.map(({ line, dn, code, message }, index) => [
          ...[job.id, firstNumber + index, line, dn?.replaceAll("\0", "\ufffd"), code],
          message.replaceAll("\0", "\ufffd"),
        ]);
        await transaction.run(sql`
          INSERT INTO manager_job_errors (job, number, line, dn, code, message) VALUES ${sqlRows(rows)}
          ON CONFLICT DO NOTHING`);
      }
      return row?.cancel_by ?? undefined;
    });
  }

  /** Jobs whose process has ended without a word. @throws StoreError */
  async interruptOrphans(): Promise<number> {
    const now = this.#now();
    return this.#store.write((transaction) => transaction.run(interruptOrphans(now)));
  }

  askForEnd(id: string, person: string): Promise<number> {
    return this.#store.write((transaction) =>
      transaction.run(
        sql`UPDATE manager_jobs SET cancel_by = ${person} WHERE id = ${id} AND state IN ('queued', 'running')`,
      ),
    );
  }

  async get(id: string): Promise<Job | undefined> {
    const [job] = await this.#select(sql`id = ${id}`, 1);
    return job;
  }

  /** The newest first. */
  list(limit: number): Promise<Job[]> {
    return this.#select(sql`1 = 1`, limit);
  }

  async errors(id: string): Promise<JobError[]> {
    const rows = await this.#store.all<JobError & { readonly dn: string | null }>(
      sql`SELECT line, dn, code, message FROM manager_job_errors WHERE job = ${id} ORDER BY number`,
    );
    return rows.map(({ line, dn, code, message }) => ({ line, dn: dn ?? undefined, code, message }));
  }

  async #select(condition: Statement, limit: number): Promise<Job[]> {
    const rows = await this.#store.all<JobRow>(
      sql`SELECT * FROM manager_jobs WHERE ${condition} ORDER BY id DESC LIMIT ${limit}`,
    );
    return rows.map(jobOf);
  }
}

function interruptOrphans(now: number): Statement {
  const message = "The service ended while this was under way. What had been applied by then is in the change set.";
  return sql`UPDATE manager_jobs SET state = 'interrupted', message = ${message}, finished_at = seen_at
    WHERE state IN ('queued', 'running') AND seen_at < ${now - leaseMs}`;
}

function jobOf(row: JobRow): Job {
  return {
    id: row.id,
    cluster: row.cluster,
    person: row.person,
    title: row.title,
    options: JSON.parse(row.options),
    progress: JSON.parse(row.progress),
    state: row.state,
    changeSet: row.change_set ?? undefined,
    message: row.message ?? undefined,
    errorCount: row.error_count,
    createdAt: Number(row.created_at),
    startedAt: row.started_at === null ? undefined : Number(row.started_at),
    finishedAt: row.finished_at === null ? undefined : Number(row.finished_at),
  };
}
