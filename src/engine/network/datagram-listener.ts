import { createSocket, type Socket } from 'node:dgram';
import type { Clock } from '../../runtime/clock.ts';
import type { ProxyRule, Target } from './proxy-rules.ts';
import type { ServiceListener } from './service-listener.ts';
import { TargetChoice, targetName } from './target-choice.ts';

/** A client that was silent this long is forgotten, as connection tracking does. */
const IDLE_MS = 30_000;
const SWEEP_MS = 5_000;
const MAX_CLIENTS = 10_000;

interface Conversation {
  readonly target: Target;
  readonly upstream: Socket;
  lastMs: number;
}

/** UDP of one Service port: every client, by address and port, keeps its target while it goes on talking.
 *  @throws the bind error */
export async function datagramListener(first: ProxyRule, clock: Clock): Promise<ServiceListener> {
  const choice = new TargetChoice(first, clock);
  const conversations = new Map<string, Conversation>();
  const socket = createSocket({ type: 'udp4', reusePort: true });

  const end = (client: string): void => {
    const conversation = conversations.get(client);
    conversations.delete(client);
    conversation?.upstream.close();
  };
  const begin = async (client: string, address: string, port: number): Promise<Conversation | undefined> => {
    if (conversations.size >= MAX_CLIENTS) end(conversations.keys().next().value!);
    const target = choice.candidates(address)[0];
    if (target === undefined) return undefined;
    const upstream = createSocket('udp4');
    const conversation: Conversation = { target, upstream, lastMs: clock.now() };
    upstream.on('message', (message) => {
      conversation.lastMs = clock.now();
      socket.send(message, port, address);
    });
    // Nobody listens there: the client's next datagram goes to another.
    upstream.on('error', () => {
      choice.refused(target);
      if (conversations.get(client) === conversation) end(client);
    });
    conversations.set(client, conversation);
    await new Promise<void>((resolve) => upstream.connect(target.port, target.address, resolve));
    choice.served(address, target);
    return conversation;
  };
  const starting = new Map<string, Promise<Conversation | undefined>>();
  socket.on('message', (message, { address, port }) => {
    const client = `${address}:${port}`;
    const known = starting.has(client) ? undefined : conversations.get(client);
    const pass = (conversation: Conversation | undefined): void => {
      if (conversation === undefined || conversations.get(client) !== conversation) return;
      conversation.lastMs = clock.now();
      conversation.upstream.send(message, () => undefined);
    };
    if (known !== undefined) return pass(known);
    const start = starting.get(client) ?? begin(client, address, port).finally(() => starting.delete(client));
    starting.set(client, start);
    void start.then(pass);
  });

  await new Promise<void>((resolve, reject) => socket.once('error', reject).bind({ address: first.address, port: first.port }, resolve));
  socket.removeAllListeners('error').on('error', () => undefined);
  let cancel = (): void => undefined;
  const sweep = (): void => {
    for (const [client, { lastMs }] of conversations) if (clock.now() - lastMs > IDLE_MS) end(client);
    cancel = clock.after(SWEEP_MS, sweep);
  };
  sweep();
  const close = (): void => {
    cancel();
    socket.close();
    for (const client of conversations.keys()) end(client);
  };
  return {
    update(rule) {
      choice.update(rule);
      const known = new Set(rule.targets.map(targetName));
      // A datagram to a pod that is gone would go nowhere, for as long as its client talks.
      for (const [client, { target }] of conversations) if (!known.has(targetName(target))) end(client);
    },
    close,
    destroy: close,
  };
}
