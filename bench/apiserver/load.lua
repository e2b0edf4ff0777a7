-- Sends the requests of one operation with wrk. usage: wrk -t2 … -s load.lua URL -- REQUESTS
-- REQUESTS: a file, one request a line: method, path, content type, accept, body, parted by tabs. @N@ becomes a number that no other
-- request of the run has. Each thread takes its own lines in turn, so that two threads never write one object. TOKEN, in the environment,
-- is the bearer token. There is no response function on purpose: with one, wrk copies every body into Lua, and lists measure the client.
local started = 0
function setup(thread)
  thread:set("tid", started)
  started = started + 1
end

local function split(text, by)
  local parts, from = {}, 1
  while true do
    local a, b = string.find(text, by, from, true)
    parts[#parts + 1] = string.sub(text, from, a and a - 1 or nil)
    if a == nil then return parts end
    from = b + 1
  end
end

local requests, n = {}, 0
local token = os.getenv("TOKEN")

function init(args)
  local lines = {}
  for line in io.lines(args[1]) do lines[#lines + 1] = line end
  for i, line in ipairs(lines) do
    if #lines == 1 or i % 2 == tid then
      local method, path, type, accept, body = unpack(split(line, "\t"))
      requests[#requests + 1] = {
        method = method, path = split(path, "@N@"), body = split(body, "@N@"),
        headers = { ["Authorization"] = "Bearer " .. token, ["Content-Type"] = type ~= "" and type or nil, ["Accept"] = accept },
      }
    end
  end
end

function request()
  local r, serial = requests[n % #requests + 1], tid .. "-" .. n
  n = n + 1
  if r.fixed then return r.fixed end
  local body = #r.body > 1 and table.concat(r.body, serial) or r.body[1]
  local text = wrk.format(r.method, table.concat(r.path, serial), r.headers, body ~= "" and body or nil)
  if #r.path == 1 and #r.body == 1 then r.fixed = text end
  return text
end

function done(summary, latency)
  local failed = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  io.write(string.format('{"requests":%d,"seconds":%f,"failed":%d,"p50":%.2f,"p99":%.2f}\n',
    summary.requests, summary.duration / 1e6, failed, latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
