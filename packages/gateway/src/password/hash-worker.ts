/** The worker thread of the hash pool: compares one password at a time and answers with the outcome. */
import { parentPort } from "node:worker_threads";
import type { HashJob, HashJobOutcome } from "./hash-pool.ts";
import { matchesSlowHash } from "./slow-hash.ts";

parentPort?.on("message", ({ stored, password }: HashJob) => {
  let outcome: HashJobOutcome;
  try {
    outcome = matchesSlowHash(stored, password) ? "match" : "mismatch";
  } catch {
    // The parameters could be parsed, but OpenSSL refuses them.
    outcome = "malformed";
  }
  password.fill(0);
  parentPort?.postMessage(outcome);
});
