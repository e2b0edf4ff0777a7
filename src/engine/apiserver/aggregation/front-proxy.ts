import { join } from 'node:path';
import type { Clock } from '../../../runtime/clock.ts';
import type { KubernetesObject } from '../../../client/resource.ts';
import type { BootstrapObject } from '../bootstrap/objects.ts';
import { CertificateAuthority, type KeyPair } from '../certificates/authority.ts';
import type { RequestUser } from '../kinds/strategy.ts';

const commonName = 'front-proxy-client';

/** How the API server proves itself to the servers behind it. They believe what it says of the user because of its certificate, so nothing else is signed by this
 *  authority: a client of the cluster can never get such a certificate. */
export class FrontProxy {
  readonly #authority: CertificateAuthority;

  private constructor(authority: CertificateAuthority) {
    this.#authority = authority;
  }

  static async open(pki: string, clock: Clock): Promise<FrontProxy> {
    return new FrontProxy(await CertificateAuthority.open(join(pki, 'front-proxy'), clock));
  }

  certificate(): Promise<KeyPair> {
    return this.#authority.client(commonName, { commonName });
  }

  /** What a server behind this one has to know, where it looks for it. */
  configuration(clientCaPem: string): BootstrapObject {
    return {
      storage: '/configmaps',
      object: {
        apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'extension-apiserver-authentication', namespace: 'kube-system' },
        data: {
          'client-ca-file': clientCaPem, 'requestheader-client-ca-file': this.#authority.caPem, 'requestheader-allowed-names': JSON.stringify([commonName]),
          'requestheader-username-headers': '["X-Remote-User"]', 'requestheader-uid-headers': '["X-Remote-Uid"]', 'requestheader-group-headers': '["X-Remote-Group"]', 'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
        },
      } as KubernetesObject,
    };
  }
}

/** Headers that say who asks. */
export function identityHeaders({ username, uid, groups, extra }: RequestUser): Record<string, string | string[]> {
  return {
    'x-remote-user': username, ...(groups.length > 0 && { 'x-remote-group': [...groups] }), ...(uid !== undefined && { 'x-remote-uid': uid }),
    ...Object.fromEntries(Object.entries(extra ?? {}).map(([key, values]) => [`x-remote-extra-${encodeURIComponent(key).toLowerCase()}`, [...values]])),
  };
}
