/** Time, handed to whatever needs it so that tests can own it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls once after `ms`; the returned function cancels. */
  after(ms: number, call: () => void): () => void;
}

/** Uniform in [0, 1). */
export interface Random {
  next(): number;
}
