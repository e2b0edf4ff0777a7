import { createHash } from 'node:crypto';
import { documentV2 } from './document-v2.ts';
import { documentV3 } from './document-v3.ts';
import { encodeDocumentV2 } from './protobuf-v2.ts';
import { builtInResources, customResources, type CustomApi, type ServedResource } from './served-resource.ts';

/** One document as it goes over the wire; `hash` is its ETag and the index's `hash` parameter. */
export interface OpenApiDocument { readonly body: Buffer; readonly hash: string }

/** The OpenAPI documents of a server, written when first asked for. */
export interface OpenApi {
  /** `/openapi/v3`: where each group version's document is. */
  index(): OpenApiDocument;
  /** The v3 document at a path of the index, such as `api/v1` or `apis/apps/v1`; undefined for paths not served. */
  v3(path: string): OpenApiDocument | undefined;
  /** `/openapi/v2` as JSON, or as protobuf for `application/com.github.proto-openapi.spec.v2@v1.0+protobuf`. */
  v2(format: 'json' | 'protobuf'): OpenApiDocument;
  /** Tells which custom resources are served now; documents of the groups that changed are written anew. */
  setCustomResources(apis: readonly CustomApi[]): void;
}

/** @param version of Kubernetes, such as `v1.35.4` */
export function createOpenApi(version: string): OpenApi {
  return new Documents(version);
}

class Documents implements OpenApi {
  readonly #version: string;
  #custom: readonly CustomApi[] = [];
  #resources: ReadonlyMap<string, readonly ServedResource[]> | undefined;
  readonly #written = new Map<string, OpenApiDocument>();
  readonly #builtIn = new Map<string, OpenApiDocument>();

  constructor(version: string) {
    this.#version = version;
  }

  setCustomResources(apis: readonly CustomApi[]): void {
    this.#custom = apis;
    this.#resources = undefined;
    this.#written.clear();
  }

  index(): OpenApiDocument {
    return this.#once('index', () => {
      const paths = [...this.#all().keys()].map((groupVersion) => {
        const path = pathOf(groupVersion);
        return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${this.v3(path)?.hash ?? ''}` }];
      });
      return Buffer.from(JSON.stringify({ paths: Object.fromEntries(paths) }));
    });
  }

  v3(path: string): OpenApiDocument | undefined {
    const groupVersion = path.replace(/^apis?\//, '');
    const resources = this.#all().get(groupVersion);
    if (!resources || pathOf(groupVersion) !== path) return undefined;
    const cache = resources.some((r) => r.custom) ? this.#written : this.#builtIn;
    return this.#once(path, () => Buffer.from(JSON.stringify(documentV3(resources, this.#custom, this.#version))), cache);
  }

  v2(format: 'json' | 'protobuf'): OpenApiDocument {
    return this.#once(`v2 ${format}`, () => {
      const document = documentV2([...this.#all().values()].flat(), this.#custom, this.#version);
      return format === 'json' ? Buffer.from(JSON.stringify(document)) : encodeDocumentV2(document);
    });
  }

  #all(): ReadonlyMap<string, readonly ServedResource[]> {
    if (!this.#resources) {
      const all = new Map<string, ServedResource[]>();
      for (const [groupVersion, list] of builtInResources()) all.set(groupVersion, [...list]);
      for (const api of this.#custom) {
        const groupVersion = `${api.group}/${api.version}`;
        all.set(groupVersion, [...(all.get(groupVersion) ?? []), ...customResources(api)]);
      }
      this.#resources = all;
    }
    return this.#resources;
  }

  #once(name: string, write: () => Buffer, cache = this.#written): OpenApiDocument {
    const known = cache.get(name);
    if (known) return known;
    const body = write();
    const document = { body, hash: createHash('sha512').update(body).digest('hex').toUpperCase() };
    cache.set(name, document);
    return document;
  }
}

const pathOf = (groupVersion: string): string => (groupVersion.includes('/') ? `apis/${groupVersion}` : `api/${groupVersion}`);
