/** How far the servers of a cluster are apart. */
export interface ObservedReplication {
  readonly cluster: string;
  readonly node: string;
  /** Seconds since a change that another server has and this one has not; 0 when they are equal. */
  readonly lagSeconds: number;
}
