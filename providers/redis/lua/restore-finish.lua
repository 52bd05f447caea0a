#!lua flags=allow-oom
-- Ends a restore: the installation stands, every lease is free, what was only for the restore is gone. Repeatable.
-- KEYS  1 meta  2.. per shard: lease, restored
-- ARGV  1 uuid  2 layout version  3 shard counts, JSON
-- returns  "finished" | "NOT_RESTORING"
-- include: check
local meta = fields_of(KEYS[1], { 'installation', 'restoring' })
if not meta then return refuse('wrong_type', KEYS[1]) end
if meta[1] == ARGV[1] and not meta[2] then return 'finished' end
if meta[1] or meta[2] ~= ARGV[1] then return 'NOT_RESTORING' end
for i = 2, #KEYS, 2 do
  if redis.call('EXISTS', KEYS[i]) == 1 then return refuse('not_empty', KEYS[i]) end
  if not count_of('HLEN', KEYS[i + 1]) then return refuse('wrong_type', KEYS[i + 1]) end
end
-- write
for i = 2, #KEYS, 2 do
  redis.call('HSET', KEYS[i], 'owner', '', 'token', '0:', 'expires', '0', 'run', '')
  redis.call('DEL', KEYS[i + 1])
end
redis.call('HSET', KEYS[1], 'installation', ARGV[1], 'layout', ARGV[2], 'shards', ARGV[3])
redis.call('HDEL', KEYS[1], 'restoring')
return 'finished'
