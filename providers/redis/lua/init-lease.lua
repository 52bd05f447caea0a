#!lua flags=allow-oom
-- The free lease of one shard of a new installation, in a cluster, where the installation itself is in another slot and is written last. Repeatable.
-- KEYS  1 lease
-- returns  1
-- include: check
local lease = fields_of(KEYS[1], { 'token' })
if not lease then return refuse('wrong_type', KEYS[1]) end
if lease[1] == '0:' then return 1 end
if lease[1] then return refuse('not_empty', KEYS[1]) end
-- write
redis.call('HSET', KEYS[1], 'owner', '', 'token', '0:', 'expires', '0', 'run', '')
return 1
