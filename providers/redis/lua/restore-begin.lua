#!lua flags=allow-oom
-- Marks an empty Redis as one that is being restored, or goes on with a restore of the same installation. Repeatable.
-- KEYS  1 meta  2.. restored, one per shard
-- ARGV  1 uuid of the installation
-- returns  "begun" | "goes_on" | "not_empty"
-- include: check
local meta = fields_of(KEYS[1], { 'installation', 'restoring' })
if not meta then return refuse('wrong_type', KEYS[1]) end
for i = 2, #KEYS do
  if not count_of('HLEN', KEYS[i]) then return refuse('wrong_type', KEYS[i]) end
end
if meta[1] then return 'not_empty' end
if meta[2] == ARGV[1] then return 'goes_on' end
if meta[2] or redis.call('DBSIZE') > 0 then return 'not_empty' end
-- write
redis.call('HSET', KEYS[1], 'restoring', ARGV[1])
for i = 2, #KEYS do redis.call('HSET', KEYS[i], '', ARGV[1]) end
return 'begun'
