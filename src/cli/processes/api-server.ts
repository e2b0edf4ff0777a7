import { join } from 'node:path';
import { AuditFile } from '../../engine/apiserver/audit/audit-file.ts';
import { parseAuditPolicy } from '../../engine/apiserver/audit/policy.ts';
import type { AuthenticationConfig } from '../../engine/apiserver/auth/authentication-config.ts';
import { startApiServer, type ApiServer } from '../../engine/apiserver/start.ts';
import type { Clock, Random } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import { EXIT } from '../exit-code.ts';
import type { DataDirectory } from './data-directory.ts';
import { writeKubeconfig } from './kubeconfig-file.ts';
import { PART_USERS, partAccess } from './part-access.ts';

export interface ApiServerOptions {
  readonly data: DataDirectory;
  /** Content of an audit policy; absent: nothing is audited. */
  readonly auditPolicy?: string;
  /** Other issuers of tokens, and anonymous requests; absent: neither. */
  readonly authentication?: AuthenticationConfig;
  readonly port: number;
  /** Addresses that Services get, such as `127.100.0.0/16`. */
  readonly serviceCidr: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** API server and store alone; the kubeconfig is written when it listens. */
export async function startDataApiServer({ data, auditPolicy, authentication, port, serviceCidr, clock, random, log }: ApiServerOptions): Promise<ApiServer> {
  const { tokens } = data;
  const server = await startApiServer({
    dataDir: data.root, host: '127.0.0.1', port, log, clock, random, loopbackAddresses: true, serviceCidr, access: partAccess(),
    // What was acknowledged is on disk; what was not is refused. Pods and network go on meanwhile.
    onStoreBroken: (error) => { log.error({ error: error.message }, 'The store is broken and the control plane starts again'); process.exit(EXIT.failed); },
    ...(auditPolicy !== undefined && { audit: { policy: parseAuditPolicy(auditPolicy), sink: new AuditFile(join(data.logs, 'audit.log')) } }),
    ...(authentication !== undefined && { authentication }),
    staticTokens: [
      { token: tokens.admin, user: 'admin', groups: ['system:masters'] },
      { token: tokens.controlPlane, user: PART_USERS.controlPlane, groups: [] },
      { token: tokens.node, user: PART_USERS.node, groups: [] },
      { token: tokens.network, user: PART_USERS.network, groups: [] },
    ],
  });
  writeKubeconfig(data, server);
  return server;
}
