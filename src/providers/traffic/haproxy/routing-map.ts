import { CONFIG_DIR } from '../router-layout.ts';

export const ROUTING_MAP_FILE = 'routing.map';
/** As haproxy.cfg names it, which is also its name in the Runtime API. */
export const ROUTING_MAP = `${CONFIG_DIR}/${ROUTING_MAP_FILE}`;
