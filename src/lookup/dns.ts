/** An SRV record (RFC 2782), as DNS gives it: nothing of it is checked. */
export interface SrvRecord {
  /** The host of the service; the root means that there is no such service. */
  readonly name: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

/** The version of the Internet Protocol that an address belongs to. */
export type Family = 4 | 6;

/** The questions that the lookup and the race ask. The runtime answers them. */
export interface Dns {
  /** The SRV records of a name; an empty list where it has none. Rejects where that cannot be told. */
  srv(name: string, signal: AbortSignal): Promise<readonly SrvRecord[]>;
  /** The addresses of a host, the best first; an empty list where it has none. Rejects where that cannot be told. */
  addresses(host: string, family: Family, signal: AbortSignal): Promise<readonly string[]>;
}
