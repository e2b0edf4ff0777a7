import type { Answer, Question } from 'dns-packet';
import type { EndpointSlice, Service } from '../../kubernetes/types.generated.ts';
import type { KnownState } from './known-state.ts';
import { isHeadless, slicesByService } from './proxy-rules.ts';

const TTL_SECONDS = 5;

/** `outside`: not a name of the cluster's domain. `noName`: NXDOMAIN. No records with `found`: the name is there, this type is not. */
export type DnsResult =
  | { readonly outcome: 'found'; readonly answers: readonly Answer[]; readonly additionals: readonly Answer[] }
  | { readonly outcome: 'noName' }
  | { readonly outcome: 'outside' };

interface NamedAddress {
  readonly hostname: string;
  readonly address: string;
}

/** The records of the Kubernetes DNS specification 1.1 over one state. */
export class DnsAnswers {
  readonly #services: ReadonlyMap<string, Service>;
  readonly #slices: ReadonlyMap<string, EndpointSlice[]>;
  readonly #namespaces: ReadonlySet<string>;
  readonly #domain: string[];

  /** @param domain such as `cluster.local` */
  constructor(state: KnownState, domain: string) {
    this.#services = new Map(state.services.map((s) => [`${s.metadata?.namespace ?? ''}/${s.metadata?.name ?? ''}`, s]));
    this.#slices = slicesByService(state.slices);
    this.#namespaces = new Set(state.services.map((s) => s.metadata?.namespace ?? ''));
    this.#domain = domain.toLowerCase().split('.');
  }

  get zone(): string {
    return this.#domain.join('.');
  }

  answer(question: Question): DnsResult {
    const labels = question.name.toLowerCase().replace(/\.$/, '').split('.');
    const domain = this.#domain;
    if (labels.length < domain.length || domain.some((part, i) => labels[labels.length - domain.length + i] !== part)) return { outcome: 'outside' };
    const rest = labels.slice(0, labels.length - domain.length);
    const found = rest.length === 0 ? nothing : rest.at(-1) === 'svc' ? this.#service(question, rest.slice(0, -1)) : rest.at(-1) === 'pod' ? this.#pod(question, rest.slice(0, -1)) : undefined;
    return found ?? { outcome: 'noName' };
  }

  #service(question: Question, labels: readonly string[]): DnsResult | undefined {
    const namespace = labels.at(-1);
    const name = labels.at(-2);
    if (namespace === undefined) return nothing;
    if (name === undefined) return this.#namespaces.has(namespace) ? nothing : undefined;
    const service = this.#services.get(`${namespace}/${name}`);
    if (service === undefined) return undefined;
    const before = labels.slice(0, -2);
    if (service.spec?.type === 'ExternalName') {
      if (before.length > 0) return undefined;
      return records([{ type: 'CNAME', name: question.name, ttl: TTL_SECONDS, data: service.spec.externalName ?? '' }]);
    }
    const addresses: NamedAddress[] = isHeadless(service) ? this.#endpoints(service) : [{ hostname: '', address: service.spec?.clusterIP ?? '' }];
    if (before.length === 0) {
      if (isHeadless(service) && addresses.length === 0) return undefined;
      return question.type === 'A' || question.type === ('ANY' as never) ? records(addresses.map((a) => a_(question.name, a.address))) : nothing;
    }
    if (before.length === 1) {
      const pod = addresses.filter((a) => a.hostname === before[0]);
      if (pod.length === 0) return undefined;
      return question.type === 'A' ? records(pod.map((a) => a_(question.name, a.address))) : nothing;
    }
    if (before.length === 2 && before[0]?.startsWith('_') === true && before[1]?.startsWith('_') === true) return this.#srv(question, service, before[0].slice(1), before[1].slice(1), addresses);
    return undefined;
  }

  #srv(question: Question, service: Service, port: string, protocol: string, addresses: readonly NamedAddress[]): DnsResult | undefined {
    const wanted = service.spec?.ports?.find((p) => p.name === port && (p.protocol ?? 'TCP').toLowerCase() === protocol);
    if (wanted === undefined) return undefined;
    if (question.type !== 'SRV') return nothing;
    const { namespace, name } = { namespace: service.metadata?.namespace ?? '', name: service.metadata?.name ?? '' };
    const base = `${name}.${namespace}.svc.${this.zone}`;
    const slicePort = this.#slices.get(`${namespace}/${name}`)?.flatMap((s) => s.ports ?? []).find((p) => p.name === port)?.port;
    const number = isHeadless(service) ? (slicePort ?? wanted.port) : wanted.port;
    const hosts = addresses.map((a) => ({ target: a.hostname === '' ? base : `${a.hostname}.${base}`, address: a.address }));
    return {
      outcome: 'found',
      answers: hosts.map((h) => ({ type: 'SRV', name: question.name, ttl: TTL_SECONDS, data: { priority: 0, weight: Math.floor(100 / hosts.length) || 1, port: number, target: h.target } })),
      additionals: hosts.map((h) => a_(h.target, h.address)),
    };
  }

  /** `10-1-2-3.ns.pod.cluster.local`. */
  #pod(question: Question, labels: readonly string[]): DnsResult | undefined {
    if (labels.length === 0) return nothing;
    if (labels.length === 1) return nothing;
    const address = labels[0]?.replaceAll('-', '.') ?? '';
    if (labels.length !== 2 || !/^\d+\.\d+\.\d+\.\d+$/.test(address)) return undefined;
    return question.type === 'A' ? records([a_(question.name, address)]) : nothing;
  }

  #endpoints(service: Service): NamedAddress[] {
    const slices = this.#slices.get(`${service.metadata?.namespace ?? ''}/${service.metadata?.name ?? ''}`) ?? [];
    const all = service.spec?.publishNotReadyAddresses === true;
    return slices.flatMap((slice) =>
      (slice.endpoints ?? []).filter((e) => all || e.conditions?.ready !== false).flatMap((e) => e.addresses.map((address) => ({ address, hostname: e.hostname?.toLowerCase() ?? address.replaceAll('.', '-') }))),
    );
  }
}

const nothing: DnsResult = { outcome: 'found', answers: [], additionals: [] };
const records = (answers: Answer[]): DnsResult => ({ outcome: 'found', answers, additionals: [] });
const a_ = (name: string, address: string): Answer => ({ type: 'A', name, ttl: TTL_SECONDS, data: address });
