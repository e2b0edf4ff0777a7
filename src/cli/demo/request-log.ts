/** One request of the load generator, one JSON line each. Times are milliseconds since the epoch, with fractions. */
export interface RequestRecord {
  readonly id: number;
  readonly sentAt: number;
  readonly finishedAt: number;
  readonly user: string;
  /** Value of `X-Traffic-Group`; absent: no header. */
  readonly group?: string;
  readonly kind: 'get' | 'account' | 'slow' | 'upload' | 'order';
  readonly connection: 'keep-alive' | 'short';
  /** 0: no answer. */
  readonly status: number;
  readonly version?: string;
  readonly track?: string;
  readonly pod?: string;
  /** Error code such as `ECONNRESET`, or what was wrong with the answer. */
  readonly error?: string;
}
