/** What stops a bootstrap before anything is written. The message says what to do, and holds no password. */
export class BootstrapError extends Error {
  override readonly name = "BootstrapError";
}
