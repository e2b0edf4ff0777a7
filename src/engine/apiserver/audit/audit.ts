import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../../runtime/clock.ts';
import { keepBody } from '../http/body.ts';
import type { RequestUser } from '../kinds/strategy.ts';
import { decideAudit, type AuditDecision, type AuditedAttributes, type AuditPolicy, type AuditStage } from './policy.ts';

/** Where audit events go, a JSON line each. */
export interface AuditSink {
  write(line: string): void;
}

const ANSWER_LIMIT_BYTES = 3 * 1024 * 1024;
/** Requests whose answer lasts: they tell of its start as well. */
const LONG = new Set(['watch', 'connect']);

/** Writes what the policy asks for of every request, as `audit.k8s.io/v1` Events. */
export class Auditor {
  readonly #policy: AuditPolicy;
  readonly #sink: AuditSink;
  readonly #clock: Clock;

  constructor(policy: AuditPolicy, sink: AuditSink, clock: Clock) {
    this.#policy = policy;
    this.#sink = sink;
    this.#clock = clock;
  }

  /** Called once the user and the target are known, before anything is decided. @param sender who impersonates `user`, where that is another */
  begin(req: IncomingMessage, res: ServerResponse, user: RequestUser, sender: RequestUser, asked: Omit<AuditedAttributes, 'username' | 'groups'>): void {
    const decision = decideAudit(this.#policy, { username: user.username, groups: user.groups, ...asked });
    if (decision.level === 'None') return;
    const { level } = decision;
    const body = level === 'Request' || level === 'RequestResponse' ? keepBody(req) : undefined;
    const answer = level === 'RequestResponse' && !LONG.has(asked.verb) ? collectAnswer(res) : undefined;
    const auditID = randomUUID();
    res.setHeader('audit-id', auditID);
    const { resource } = asked;
    const base = {
      kind: 'Event', apiVersion: 'audit.k8s.io/v1', level, auditID, requestURI: req.url ?? '', verb: asked.verb,
      user: shown(sender), ...(sender !== user && { impersonatedUser: shown(user) }),
      sourceIPs: [req.socket.remoteAddress ?? ''], ...(req.headers['user-agent'] !== undefined && { userAgent: req.headers['user-agent'] }),
      ...(resource && { objectRef: { resource: resource.plural, ...(resource.namespace && { namespace: resource.namespace }), ...(resource.name && { name: resource.name }), ...(resource.group && { apiGroup: resource.group }), ...(resource.subresource && { subresource: resource.subresource }) } }),
      requestReceivedTimestamp: this.#now(),
    };
    this.#tell(decision, 'RequestReceived', base);
    if (LONG.has(asked.verb)) onFirstByte(res, () => this.#tell(decision, 'ResponseStarted', { ...base, responseStatus: { metadata: {}, code: res.statusCode } }));
    res.once('close', () => this.#tell(decision, 'ResponseComplete', {
      ...base, responseStatus: { metadata: {}, code: res.statusCode }, ...(annotated.has(res) && { annotations: annotated.get(res) }),
      ...(body !== undefined && { requestObject: asJson(body(req)) }), ...(answer !== undefined && { responseObject: asJson(answer()) }),
    }));
  }

  #tell({ omits }: AuditDecision, stage: AuditStage, event: object): void {
    if (!omits.has(stage)) this.#sink.write(JSON.stringify({ ...event, stage, stageTimestamp: this.#now() }));
  }

  #now(): string {
    return new Date(this.#clock.now()).toISOString();
  }
}

const annotated = new WeakMap<ServerResponse, Record<string, string>>();

/** Adds to what the audit log will say of a request, audited or not. */
export function annotate(res: ServerResponse, annotations: Readonly<Record<string, string>> | undefined): void {
  if (annotations !== undefined && Object.keys(annotations).length > 0) annotated.set(res, { ...annotated.get(res), ...annotations });
}

const shown = ({ username, uid, groups, extra }: RequestUser): object => ({ username, ...(uid && { uid }), groups, ...(extra && { extra }) });

/** Undefined where there is none, or where it is no JSON (protobuf). */
function asJson(content: Buffer | undefined): unknown {
  if (content === undefined || content.length === 0) return undefined;
  try {
    return JSON.parse(content.toString());
  } catch {
    return undefined;
  }
}

function collectAnswer(res: ServerResponse): () => Buffer | undefined {
  const chunks: Buffer[] = [];
  let size = 0;
  const collect = (chunk: unknown): void => {
    if (typeof chunk !== 'string' && !Buffer.isBuffer(chunk)) return;
    const buffer = Buffer.from(chunk as string);
    size += buffer.length;
    if (size <= ANSWER_LIMIT_BYTES) chunks.push(buffer);
  };
  const { write, end } = res;
  res.write = function (this: ServerResponse, ...args: unknown[]) { collect(args[0]); return Reflect.apply(write, this, args) as boolean; } as typeof res.write;
  res.end = function (this: ServerResponse, ...args: unknown[]) { collect(args[0]); return Reflect.apply(end, this, args) as ServerResponse; } as typeof res.end;
  return () => (size > ANSWER_LIMIT_BYTES ? undefined : Buffer.concat(chunks));
}

function onFirstByte(res: ServerResponse, call: () => void): void {
  const { writeHead } = res;
  res.writeHead = function (this: ServerResponse, ...args: unknown[]) {
    const result = Reflect.apply(writeHead, this, args) as ServerResponse;
    call();
    return result;
  } as typeof res.writeHead;
}
