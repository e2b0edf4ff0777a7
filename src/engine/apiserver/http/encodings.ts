import type * as Yaml from 'yaml';
import type * as Answers from '../protobuf/answers.ts';
import { mediaRanges } from './accept.ts';

/** How an answer is written. */
export type Encoding = 'json' | 'protobuf' | 'yaml';

export const mediaTypes = { json: 'application/json', protobuf: 'application/vnd.kubernetes.protobuf', yaml: 'application/yaml' } as const satisfies Record<Encoding, string>;

/** The encoding of a media type or wildcard; undefined for one that no answer has. */
export function encodingOf(type: string): Encoding | undefined {
  switch (type) {
    case 'application/json': case 'application/*': case '*/*': return 'json';
    case mediaTypes.protobuf: return 'protobuf';
    case mediaTypes.yaml: return 'yaml';
    default: return undefined;
  }
}

let protobuf: typeof Answers | undefined;
let yaml: typeof Yaml | undefined;

/** Loads what writes the encodings that a client asks for beside JSON; undefined where nothing is to be loaded. The server starts without them. */
export function loadEncodings(accept: string | undefined): Promise<void> | undefined {
  if (accept === undefined || accept === mediaTypes.json) return undefined;
  const wantsProtobuf = protobuf === undefined && accept.includes('protobuf');
  const wantsYaml = yaml === undefined && accept.includes('yaml');
  return wantsProtobuf || wantsYaml ? load(wantsProtobuf, wantsYaml) : undefined;
}

async function load(wantsProtobuf: boolean, wantsYaml: boolean): Promise<void> {
  if (wantsProtobuf) protobuf = await import('../protobuf/answers.ts');
  if (wantsYaml) yaml = await import('yaml');
}

/** For answers to a request whose Accept header names protobuf: {@link loadEncodings} came first. */
export function protobufAnswers(): typeof Answers {
  if (protobuf === undefined) throw new Error('The protobuf writer is loaded before a request is answered');
  return protobuf;
}

export function asYaml(json: Buffer | string): Buffer {
  if (yaml === undefined) throw new Error('The YAML writer is loaded before a request is answered');
  return Buffer.from(yaml.stringify(JSON.parse(json.toString()), { aliasDuplicateObjects: false }));
}

/** A whole answer that is not stored (a Status, a Scale, a review) in the encoding that the client likes best of those it can have. */
export function encodedValue(accept: string | undefined, value: object): { readonly body: Buffer; readonly contentType: string } {
  const json = (): Buffer => Buffer.from(JSON.stringify(value));
  if (accept === undefined || accept === mediaTypes.json) return { body: json(), contentType: mediaTypes.json };
  for (const { type } of mediaRanges(accept)) {
    const encoding = encodingOf(type);
    if (encoding === 'json') break;
    if (encoding === 'yaml' && yaml !== undefined) return { body: asYaml(json()), contentType: mediaTypes.yaml };
    const body = encoding === 'protobuf' ? protobuf?.valueAnswer(value) : undefined;
    if (body !== undefined) return { body, contentType: mediaTypes.protobuf };
  }
  return { body: json(), contentType: mediaTypes.json };
}
