import { existsSync } from 'node:fs';
import type { Client } from '../../client/client.ts';
import { PersistentVolumeClaims, PersistentVolumes } from '../../client/kinds.ts';
import { isNotFound } from '../../client/status-error.ts';

export type ClaimedFolder = { readonly outcome: 'ok'; readonly path: string } | { readonly outcome: 'missing'; readonly message: string };

/** The folders of one pod's claims: of each the volume is asked for once, since a claim that is bound stays so. */
export class ClaimedFolders {
  readonly #client: Client;
  readonly #known = new Map<string, string>();

  constructor(client: Client) {
    this.#client = client;
  }

  async of(namespace: string, claim: string): Promise<ClaimedFolder> {
    const known = this.#known.get(claim);
    if (known !== undefined) return { outcome: 'ok', path: known };
    try {
      const { spec, status } = await this.#client.get(PersistentVolumeClaims, { namespace, name: claim });
      if (status?.phase !== 'Bound') return { outcome: 'missing', message: `persistentvolumeclaim "${claim}" is not bound` };
      const volume = await this.#client.get(PersistentVolumes, { name: spec?.volumeName ?? '' });
      const path = volume.spec?.local?.path ?? volume.spec?.hostPath?.path;
      if (path === undefined) return { outcome: 'missing', message: `persistentvolume "${spec?.volumeName}": this node has volumes of type local and hostPath only` };
      if (!existsSync(path)) return { outcome: 'missing', message: `persistentvolume "${spec?.volumeName}": ${path} does not exist on this node: put back what was there, or delete the claim and make it anew, empty` };
      this.#known.set(claim, path);
      return { outcome: 'ok', path };
    } catch (error) {
      if (isNotFound(error)) return { outcome: 'missing', message: `persistentvolumeclaim "${claim}" or its volume not found` };
      throw error;
    }
  }
}
