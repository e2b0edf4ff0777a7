import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { generateKeyPairSync } from 'node:crypto';
import { stringify } from 'yaml';
import { CertificateAuthority } from '../../src/engine/apiserver/certificates/authority.ts';
import { systemClock } from '../../src/runtime/system-clock.ts';
import { eventually } from '../e2e/command-line.ts';
import type { Network } from '../e2e/network-namespace.ts';

const bin = process.env['PEERS'] ?? join(homedir(), '.cache', 'aweigh-peers', 'bin');
const programs = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'] as const;

/** Which of Kubernetes's own programs are not built here. */
export const missingPrograms = (): string[] => programs.filter((p) => !existsSync(join(bin, p)));

export const nodeIp = '10.99.0.1';
export const podCidr = '10.98.0.0/16';
export const serviceCidr = '10.97.0.0/16';

/** Kubernetes's own control plane in a network of its own: it asks kubelets by a certificate, and verifies theirs. */
export class KubernetesPrograms {
  readonly kubeconfig: string;
  readonly #processes: ChildProcess[] = [];
  readonly #network: Network;
  readonly #folder: string;

  private constructor(network: Network, folder: string) {
    this.#network = network;
    this.#folder = folder;
    this.kubeconfig = join(folder, 'kubeconfig');
  }

  /** @param authorityFolder where the node keeps the authority that signs its serving certificate; the API server's is signed by it too
   *  @param controllers false: etcd and the API server alone */
  static async start(network: Network, folder: string, authorityFolder: string, controllers = true): Promise<KubernetesPrograms> {
    const plane = new KubernetesPrograms(network, folder);
    try {
      await plane.#start(await CertificateAuthority.open(authorityFolder, systemClock));
      if (controllers) plane.#startControllers();
      return plane;
    } catch (e) {
      await plane.stop();
      throw e;
    }
  }

  async #start(authority: CertificateAuthority): Promise<void> {
    mkdirSync(this.#folder, { recursive: true });
    const at = (name: string, content?: string): string => {
      if (content !== undefined) writeFileSync(join(this.#folder, name), content, { mode: 0o600 });
      return join(this.#folder, name);
    };
    for (const command of [['link', 'set', 'lo', 'up'], ['route', 'add', 'local', `${nodeIp}/32`, 'dev', 'lo']]) await this.#network.run('ip', command);
    const serving = await authority.serving('real-apiserver', ['127.0.0.1', nodeIp, serviceCidr.replace('0.0/16', '0.1'), 'kubernetes.default.svc', 'localhost']);
    const asking = await authority.client('real-kubelet-client', { commonName: 'kube-apiserver-kubelet-client', organizations: ['system:masters'] });
    const keys = generateKeyPairSync('rsa', { modulusLength: 2048, publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } });
    const ca = at('ca.crt', authority.caPem);
    this.#run('etcd', '--data-dir', at('etcd'), '--unsafe-no-fsync', '--listen-client-urls', 'http://127.0.0.1:2379', '--advertise-client-urls', 'http://127.0.0.1:2379', '--listen-peer-urls', 'http://127.0.0.1:2380', '--initial-advertise-peer-urls', 'http://127.0.0.1:2380', '--initial-cluster', 'default=http://127.0.0.1:2380');
    this.#run('kube-apiserver', '--etcd-servers=http://127.0.0.1:2379', `--cert-dir=${at('certs')}`, '--secure-port=6443', '--bind-address=0.0.0.0', `--advertise-address=${nodeIp}`, `--external-hostname=${nodeIp}`,
      `--tls-cert-file=${at('apiserver.crt', serving.certPem)}`, `--tls-private-key-file=${at('apiserver.key', serving.keyPem)}`,
      `--kubelet-certificate-authority=${ca}`, `--kubelet-client-certificate=${at('kubelet-client.crt', asking.certPem)}`, `--kubelet-client-key=${at('kubelet-client.key', asking.keyPem)}`, '--kubelet-preferred-address-types=InternalIP',
      `--service-account-key-file=${at('sa.pub', keys.publicKey)}`, `--service-account-signing-key-file=${at('sa.key', keys.privateKey)}`, '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
      `--token-auth-file=${at('tokens.csv', 'admin-token,admin,admin,"system:masters"\n')}`, '--authorization-mode=Node,RBAC', `--service-cluster-ip-range=${serviceCidr}`, '--allow-privileged=true');
    at('kubeconfig', stringify({ apiVersion: 'v1', kind: 'Config', clusters: [{ name: 'peer', cluster: { server: 'https://127.0.0.1:6443', 'certificate-authority': ca } }], users: [{ name: 'admin', user: { token: 'admin-token' } }], contexts: [{ name: 'peer', context: { cluster: 'peer', user: 'admin' } }], 'current-context': 'peer' }));
    await eventually('the real API server', async () => {
      const { out } = await this.#network.run('curl', ['-s', '--cacert', ca, '-H', 'Authorization: Bearer admin-token', 'https://127.0.0.1:6443/readyz']);
      return out === 'ok' ? true : undefined;
    });
  }

  #startControllers(): void {
    const at = (name: string): string => join(this.#folder, name);
    this.#run('kube-controller-manager', `--kubeconfig=${this.kubeconfig}`, `--service-account-private-key-file=${at('sa.key')}`, '--use-service-account-credentials=false', '--leader-elect=false', `--root-ca-file=${at('ca.crt')}`, '--bind-address=127.0.0.1', '--secure-port=0');
    this.#run('kube-scheduler', `--kubeconfig=${this.kubeconfig}`, '--leader-elect=false', '--bind-address=127.0.0.1', '--secure-port=0');
  }

  #run(program: (typeof programs)[number], ...args: string[]): void {
    const [first, ...rest] = this.#network.words(join(bin, program), ...args);
    const child = spawn(first, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
    const log = createWriteStream(join(this.#folder, `${program}.log`));
    child.stdout.pipe(log);
    child.stderr.pipe(log);
    this.#processes.push(child);
  }

  /** Resolves when their ports are free again. */
  async stop(): Promise<void> {
    const running = this.#processes.splice(0).filter((child) => child.exitCode === null && child.signalCode === null);
    await Promise.all(running.toReversed().map((child) => {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      return ended;
    }));
  }
}
