#!lua flags=allow-oom
-- Says that a worker lives and forgets those that have been silent for a TTL (or speak from the future).
-- KEYS  1 workers of the role
-- ARGV  1 worker  2 TTL in ms
-- returns  the living workers
-- include: check
local ttl = tonumber(ARGV[2])
if not ttl or ttl <= 0 then return refuse('bad_lease', KEYS[1]) end
if not count_of('ZCARD', KEYS[1]) then return refuse('wrong_type', KEYS[1]) end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
-- write
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. string.format('%.0f', now - ttl))
redis.call('ZREMRANGEBYSCORE', KEYS[1], '(' .. string.format('%.0f', now + ttl), '+inf')
return redis.call('ZRANGE', KEYS[1], 0, -1)
