import { join } from 'node:path';

/** One answer of a real API server in both forms. */
export interface RecordedEncoding {
  readonly what: string;
  readonly json: { readonly apiVersion?: string; readonly kind?: string; readonly [field: string]: unknown };
  /** Base64. */
  readonly protobuf: string;
}

export const fileOfEncodings = join(import.meta.dirname, 'encodings.jsonl');
