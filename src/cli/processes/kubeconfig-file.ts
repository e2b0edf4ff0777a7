import { stringify } from 'yaml';
import { writeAtomically, type DataDirectory } from './data-directory.ts';

/** The administrator's kubeconfig in the data directory, for kubectl and for Aweigh's own commands; a bearer token is inside. */
export function writeKubeconfig(data: DataDirectory, server: { readonly url: string; readonly caPem: string }, file = data.kubeconfig): void {
  writeAtomically(file, kubeconfigText(server, data.tokens.admin));
}

function kubeconfigText(server: { readonly url: string; readonly caPem: string }, token: string): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'aweigh', cluster: { server: server.url, 'certificate-authority-data': Buffer.from(server.caPem).toString('base64') } }],
    users: [{ name: 'admin', user: { token } }],
    contexts: [{ name: 'aweigh', context: { cluster: 'aweigh', user: 'admin', namespace: 'default' } }],
    'current-context': 'aweigh',
  });
}
