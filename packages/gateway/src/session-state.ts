/** What the gateway keeps with a session: why its last bind was refused, for the log line that the bind ends with. */
export interface SessionState {
  readonly reason: string | undefined;
}
