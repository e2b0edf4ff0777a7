import { execFileSync, spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** git's own HTTP server program behind Node's, as a hosting service has it. For tests. */
export interface GitServer {
  readonly url: string;
  /** What every request is answered with instead, such as 503. */
  refuse(status: number | undefined): void;
  /** Authorization headers seen. */
  readonly seen: readonly (string | undefined)[];
  close(): Promise<void>;
}

/** @param root folder of bare repositories; @param login `user:password` that it asks for, if any */
export async function startGitServer(root: string, login?: string): Promise<GitServer> {
  let refused: number | undefined;
  const seen: (string | undefined)[] = [];
  const program = `${execFileSync('git', ['--exec-path'], { encoding: 'utf8' }).trim()}/git-http-backend`;
  const server = createServer((request, response) => {
    seen.push(request.headers.authorization);
    if (refused !== undefined) return void response.writeHead(refused).end();
    if (login !== undefined && request.headers.authorization !== `Basic ${Buffer.from(login).toString('base64')}`) return void response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
    serve(program, root, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    refuse: (status) => { refused = status; },
    seen,
    close: () => new Promise((resolve) => { server.close(() => resolve()); server.closeAllConnections(); }),
  };
}

/** CGI, RFC 3875, as far as git-http-backend uses it. */
function serve(program: string, root: string, request: IncomingMessage, response: ServerResponse): void {
  const { pathname, search } = new URL(request.url ?? '/', 'http://localhost');
  const child = spawn(program, {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: {
      PATH: process.env['PATH'], GIT_PROJECT_ROOT: root, GIT_HTTP_EXPORT_ALL: '1', PATH_INFO: pathname, QUERY_STRING: search.slice(1), REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers['content-type'] ?? '', REMOTE_USER: 'somebody', REMOTE_ADDR: '127.0.0.1',
      ...(request.headers['content-encoding'] === undefined ? {} : { HTTP_CONTENT_ENCODING: request.headers['content-encoding'] as string }),
      ...(request.headers['git-protocol'] === undefined ? {} : { GIT_PROTOCOL: request.headers['git-protocol'] as string }),
    },
  });
  child.stdin.on('error', () => { /* It answered before it read all. */ });
  request.pipe(child.stdin);
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.on('close', () => {
    const answer = Buffer.concat(chunks);
    const end = answer.indexOf('\r\n\r\n');
    let status = 200;
    for (const line of answer.subarray(0, end).toString().split('\r\n')) {
      const [name = '', value = ''] = line.split(': ');
      if (name.toLowerCase() === 'status') status = Number(value.slice(0, 3));
      else response.setHeader(name, value);
    }
    response.writeHead(status).end(answer.subarray(end + 4));
  });
}
