/** What a running Espalier and its machine say of themselves. */
export interface ObservedStorage {
  /** What lies there: `store`, `backups`. */
  readonly name: string;
  readonly path: string;
  readonly freeBytes: number;
  readonly sizeBytes: number;
}

export interface ObservedQueue {
  /** Deliveries that wait. */
  readonly waiting: number;
  /** Seconds that the oldest which is due has waited. */
  readonly oldestSeconds: number;
  /** Deliveries that were given up. */
  readonly dead: number;
}

export interface ObservedClock {
  /** The server whose time it was compared with. */
  readonly source: string;
  /** Seconds that this machine is ahead of it. */
  readonly offsetSeconds: number;
}

/** Of the machine itself, where Docker and firewalls are. */
export interface ObservedHost {
  /** The text of `/etc/docker/daemon.json`; undefined where there is none. */
  readonly dockerDaemon?: string;
  readonly hasDocker: boolean;
  readonly hasFirewall: boolean;
  readonly hasFail2ban: boolean;
  readonly hasAutomaticUpdates: boolean;
}
