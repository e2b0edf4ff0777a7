/** Starts API server and store alone, as the benchmarks measure them. usage: node bench/serve.ts DATA_DIR PORT TOKEN */
import { silentLogger } from '../src/runtime/logger.ts';
import { systemClock, systemRandom } from '../src/runtime/system-clock.ts';
import { startApiServer } from '../src/engine/apiserver/start.ts';

const [dataDir = '', port = '0', token = ''] = process.argv.slice(2);
const server = await startApiServer({ dataDir, port: Number(port), log: silentLogger, clock: systemClock, random: systemRandom, bootstrapTokens: [{ token, user: 'admin', groups: ['system:masters'] }] });
process.stdout.write(`${server.url}\n`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void server.close().then(() => process.exit(0)));
