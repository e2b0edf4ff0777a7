/** `NotFound`: no such image here. `Invalid`: what was given cannot become an image. `Corrupt`: the store's content does not match its digest. */
export type ImageErrorReason = 'NotFound' | 'Invalid' | 'Corrupt';

export class ImageError extends Error {
  override readonly name = 'ImageError';
  readonly reason: ImageErrorReason;

  constructor(reason: ImageErrorReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}
