/** What the command's exit codes mean. */
export const exitCode = {
  ok: 0,
  /** Findings, or an unhealthy state. */
  findings: 1,
  /** Wrong usage, a configuration that cannot be used, or a refusal. */
  usage: 2,
  /** Unreadable input, or an internal error. */
  internal: 3,
} as const;
