/** A connection between two services that broke below a request. */
export interface LostHop {
  /** Error code such as `ECONNRESET`. */
  readonly code: string;
  /** When that connection was begun, milliseconds since the epoch. */
  readonly dialledAt: number;
}

/** One request of the load generator, one JSON line each. Times are milliseconds since the epoch, with fractions. */
export interface RequestRecord {
  readonly id: number;
  readonly sentAt: number;
  readonly finishedAt: number;
  /** When the connection that carried it was begun; absent: it never had one. */
  readonly dialledAt?: number;
  readonly user: string;
  /** Value of `X-Traffic-Group`; absent: no header. */
  readonly group?: string;
  /** Of the router that got it. */
  readonly url: string;
  readonly kind: 'get' | 'account' | 'slow' | 'upload' | 'order';
  readonly connection: 'keep-alive' | 'short';
  /** 0: no answer. */
  readonly status: number;
  readonly version?: string;
  readonly track?: string;
  readonly pod?: string;
  /** Error code such as `ECONNRESET`, or what was wrong with the answer. */
  readonly error?: string;
  /** The service answered, but lost its own connection to the next service. */
  readonly lostHop?: LostHop;
}
