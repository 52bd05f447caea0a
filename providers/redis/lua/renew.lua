#!lua flags=allow-oom
-- Extends leases that are still held, in one call for all. A changed run id of the server drops every token: it may have lost its last epochs.
-- KEYS  leases
-- ARGV  1 TTL in ms  2.. tokens
-- returns  "1" or "0" per lease, as one text
-- include: check
local ttl, held = tonumber(ARGV[1]), {}
if not ttl or ttl <= 0 then return refuse('bad_lease', KEYS[1]) end
local time = redis.call('TIME')
local expires = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000) + ttl)
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
for i, key in ipairs(KEYS) do
  local lease = redis.pcall('HMGET', key, 'token', 'run')
  if lease.err then return refuse('wrong_type', key) end
  held[i] = lease[1] == ARGV[i + 1] and lease[2] == run and '1' or '0'
end
-- write
for i, key in ipairs(KEYS) do
  if held[i] == '1' then redis.call('HSET', key, 'expires', expires) end
end
return table.concat(held)
