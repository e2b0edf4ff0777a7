import type { WebSocket } from 'ws';
import type { RemoteStatus } from './remote-streams.ts';

/** Channels of `v5.channel.k8s.io` and its elders: the first byte of each message. */
export const channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;

/** A SPDY session inside a WebSocket, for port forwarding. */
export const spdyTunnel = 'SPDY/3.1+portforward.k8s.io';

export const channelProtocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io', 'v3.channel.k8s.io', 'v2.channel.k8s.io', 'channel.k8s.io'] as const;

/** The newest protocol that both speak; false for none. */
export function chooseProtocol(offered: ReadonlySet<string>): string | false {
  return [spdyTunnel, ...channelProtocols].find((p) => offered.has(p)) ?? false;
}

/** Sends one message; resolves when the socket can take more. */
export function send(socket: WebSocket, to: number, data: Buffer | string): Promise<void> {
  return new Promise((resolve) => {
    if (socket.readyState !== socket.OPEN) return resolve();
    socket.send(Buffer.concat([Buffer.from([to]), Buffer.from(data)]), { binary: true }, () => resolve());
  });
}

/** How a command ended, as clients read it from the error channel. */
export function exitStatus(exitCode: number): RemoteStatus {
  if (exitCode === 0) return { metadata: {}, status: 'Success' };
  const message = `command terminated with non-zero exit code: ${exitCode}`;
  return { metadata: {}, status: 'Failure', reason: 'NonZeroExitCode', message, details: { causes: [{ reason: 'ExitCode', message: String(exitCode) }] } };
}
