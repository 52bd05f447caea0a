#!lua flags=allow-oom
-- Takes a shard that is free, released or expired; whoever holds it by this uuid keeps it. The token's epoch grows, its uuid makes it unique even
-- where an epoch repeats after a failover. An expiry further away than a TTL is a clock that stepped back: expired. Another run of the server: a new epoch.
-- KEYS  1 lease
-- ARGV  1 worker  2 uuid  3 TTL in ms  4 another uuid, for a new epoch of a lease that it holds: in a cluster a failover may repeat the number
-- returns  {token, "free" | "released" | "expired" | "same"} | nil: another holds it
-- include: check
local ttl = tonumber(ARGV[3])
if not string.match(ARGV[2], '^[%w%-]+$') or not string.match(ARGV[4], '^[%w%-]+$') or not ttl or ttl <= 0 then return refuse('bad_lease', KEYS[1]) end
local lease = redis.pcall('HMGET', KEYS[1], 'token', 'expires', 'run')
if lease.err then return refuse('wrong_type', KEYS[1]) end
local epoch, uuid = string.match(lease[1] or '', '^(%d+):(.*)$')
if not epoch then return refuse('not_initialised', KEYS[1]) end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
local left = (tonumber(lease[2]) or 0) - now
local via
if uuid == ARGV[2] or uuid == ARGV[4] then via = 'same'
elseif uuid ~= '' and left > 0 and left <= ttl then return false
elseif uuid ~= '' then via = 'expired'
elseif epoch == '0' then via = 'free'
else via = 'released' end
local token = lease[1]
if via ~= 'same' then token = string.format('%.0f:%s', epoch + 1, ARGV[2])
elseif lease[3] ~= run then token = string.format('%.0f:%s', epoch + 1, ARGV[4]) end
-- write
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'token', token, 'expires', string.format('%.0f', now + ttl), 'run', run)
return { token, via }
