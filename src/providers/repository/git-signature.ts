import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Signature } from '../../controllers/record/repository.ts';
import type { Git } from './git-command.ts';

const FAULTS: Readonly<Record<string, string>> = {
  N: 'It is not signed', B: 'Its signature does not fit its content', U: 'Its signer is not known', E: 'Its signature cannot be checked', X: 'Its signature is over', Y: 'Its key is over', R: 'Its key was revoked',
};

/** ssh signatures (git-config(1), gpg.ssh.allowedSignersFile); git asks ssh-keygen. */
export async function signerOf(git: Git, commit: string, allowedSigners: string): Promise<Signature> {
  const folder = await mkdtemp(join(tmpdir(), 'aweigh-signers-'));
  try {
    const file = join(folder, 'allowed_signers');
    await writeFile(file, allowedSigners.endsWith('\n') ? allowedSigners : `${allowedSigners}\n`, { mode: 0o600 });
    const [verdict = 'E', signer = ''] = (await git(['-c', `gpg.ssh.allowedSignersFile=${file}`, '-c', 'gpg.format=ssh', 'log', '-1', '--format=%G?%x00%GS', commit])).trim().split('\0');
    return verdict === 'G' && signer !== '' ? { signer } : { fault: FAULTS[verdict] ?? FAULTS['E'] ?? '' };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
