import { CONFIG_DIR, UNTOLD_WAIT_MS } from '../router-layout.ts';
import { ROUTING_MAP } from './routing-map.ts';

export const AWAIT_TOLD_FILE = 'await-told.lua';
const PAUSE_MS = 20;

/** A router that was not told yet lets requests wait a little for it, instead of answering for nobody. HAProxy alone cannot wait for a map. */
export const AWAIT_TOLD_LUA = `local told = Map.new("${ROUTING_MAP}", Map._str)

core.register_action("await_told", { "http-req" }, function()
  for _ = 1, ${UNTOLD_WAIT_MS / PAUSE_MS} do
    if told:lookup("ready") == "1" then return end
    core.msleep(${PAUSE_MS})
  end
end)
`;

export const AWAIT_TOLD_GLOBAL = `.if feature(LUA)
  lua-load ${CONFIG_DIR}/${AWAIT_TOLD_FILE}
.endif`;

export const AWAIT_TOLD_LINES: readonly string[] = [
  '  # One that was not told yet lets requests wait a little for it.',
  '.if feature(LUA)',
  `  http-request lua.await_told unless { str(ready),map_str(${ROUTING_MAP},0) -m str 1 }`,
  '.endif',
];
