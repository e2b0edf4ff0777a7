import { ROUTING_MAP } from './routing-map.ts';

export interface HaproxyServer {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly state: 'ready' | 'drain' | 'maint';
}

/** What a HAProxy says that it does. */
export interface HaproxyState {
  readonly map: ReadonlyMap<string, string>;
  /** By slot. */
  readonly servers: ReadonlyMap<string, readonly HaproxyServer[]>;
}

export const READ_MAP = `show map ${ROUTING_MAP}`;
export const readServers = (slot: string): string => `show servers state ${slot}`;

const COLUMNS = ['be_name', 'srv_name', 'srv_addr', 'srv_admin_state', 'srv_port'] as const;

/** Bits of `srv_admin_state`: SRV_ADMF_FMAINT | IMAINT | RMAINT, and FDRAIN | IDRAIN. */
const MAINT = 0x01 | 0x02 | 0x20;
const DRAIN = 0x08 | 0x10;

/** Reads the answers of {@link READ_MAP} and {@link readServers}, whatever other answers stand between them. */
export function parseState(text: string): HaproxyState {
  const map = new Map<string, string>();
  const servers = new Map<string, HaproxyServer[]>();
  let columns: Readonly<Record<(typeof COLUMNS)[number], number>> | undefined;
  for (const row of text.split('\n')) {
    if (row.startsWith('0x')) {
      const key = row.indexOf(' ') + 1;
      const value = row.indexOf(' ', key);
      if (key > 0 && value > 0) map.set(row.slice(key, value), row.slice(value + 1));
      continue;
    }
    if (row.startsWith('# be_id')) {
      const names = row.slice(2).trim().split(' ');
      columns = Object.fromEntries(COLUMNS.map((name) => [name, names.indexOf(name)])) as typeof columns;
      continue;
    }
    const cells = row.split(' ');
    if (columns === undefined || cells.length < 19) continue;
    const at = columns;
    const cell = (name: (typeof COLUMNS)[number]): string => cells[at[name]] ?? '';
    const admin = Number(cell('srv_admin_state'));
    const slot = cell('be_name');
    const server: HaproxyServer = { name: cell('srv_name'), address: cell('srv_addr'), port: Number(cell('srv_port')), state: (admin & MAINT) !== 0 ? 'maint' : (admin & DRAIN) !== 0 ? 'drain' : 'ready' };
    const list = servers.get(slot);
    if (list === undefined) servers.set(slot, [server]);
    else list.push(server);
  }
  return { map, servers };
}

/** Rows of a `show stat`, each by column name. */
export function parseStat(text: string): Record<string, string>[] {
  const rows = text.split('\n');
  const start = rows.findIndex((r) => r.startsWith('# pxname'));
  if (start < 0) return [];
  const columns = (rows[start] ?? '').slice(2).split(',');
  return rows.slice(start + 1).filter((r) => r.includes(',')).map((r) => Object.fromEntries(r.split(',').map((value, i) => [columns[i] ?? '', value])));
}

/** Counters of one stick table, by key. */
export function parseTable(text: string, name: string): Record<string, number> {
  const rows = text.split('\n');
  const start = rows.findIndex((r) => r.startsWith(`# table: ${name},`));
  const counts: Record<string, number> = {};
  for (let i = start + 1; start >= 0 && i < rows.length; i++) {
    const entry = /^0x[0-9a-f]+: key=(\S+) .*_cnt=(\d+)$/.exec(rows[i] ?? '');
    if (entry === null) break;
    counts[entry[1] ?? ''] = Number(entry[2]);
  }
  return counts;
}
