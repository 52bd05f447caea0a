#!lua flags=allow-oom
-- The oldest messages of a shard for shards of other slots. Where the caller then waits for replicas it also writes, because older servers
-- wait only for what the connection itself wrote.
-- KEYS  1 lease  2 outbox
-- ARGV  1 token  2 count  3 "1": WAIT follows
-- returns  entries | "FENCED"
-- include: check
local count = tonumber(ARGV[2])
if not count or count ~= math.floor(count) or count < 1 or count > 1000 then return refuse('bad_count', KEYS[2]) end
local token = redis.pcall('HGET', KEYS[1], 'token')
if type(token) == 'table' then return refuse('wrong_type', KEYS[1]) end
if token ~= ARGV[1] then return 'FENCED' end
local entries = redis.pcall('XRANGE', KEYS[2], '-', '+', 'COUNT', count)
if entries.err then return refuse('wrong_type', KEYS[2]) end
-- write
if ARGV[3] == '1' and #entries > 0 then redis.call('HSET', KEYS[1], 'carried', entries[1][1]) end
return entries
