/**
 * A patch that cannot be used. `code` is what Kubernetes answers: 400 (the patch itself is malformed), 413 (too large)
 * or 422 (well-formed, but it does not fit the object).
 */
export class PatchError extends Error {
  override readonly name = 'PatchError';
  readonly code: 400 | 413 | 422;

  constructor(code: 400 | 413 | 422, message: string) {
    super(message);
    this.code = code;
  }

  /** The Status reason that goes with the code. */
  get reason(): 'BadRequest' | 'RequestEntityTooLarge' | 'Invalid' {
    switch (this.code) {
      case 400: return 'BadRequest';
      case 413: return 'RequestEntityTooLarge';
      case 422: return 'Invalid';
    }
  }
}
