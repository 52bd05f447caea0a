#!lua flags=allow-oom
-- Begins an installation, once: its uuid, its layout, one free lease per shard. Afterwards it only compares.
-- KEYS  1 meta  2.. leases
-- ARGV  1 uuid that a new installation gets  2 uuid that is expected, empty when none is known  3 layout version  4 shard counts, JSON
-- returns  {"created" | "same" | "redis_is_empty" | "another_installation" | "another_layout", the installation's uuid, its shard counts}
-- include: check
local meta = fields_of(KEYS[1], { 'installation', 'layout', 'shards' })
if not meta then return refuse('wrong_type', KEYS[1]) end
local uuid, expected = meta[1], ARGV[2]
if not uuid and expected ~= '' then return { 'redis_is_empty', '', '' } end
if uuid and expected ~= '' and uuid ~= expected then return { 'another_installation', uuid, meta[3] } end
if uuid and (meta[2] ~= ARGV[3] or meta[3] ~= ARGV[4]) then return { 'another_layout', uuid, meta[3] } end
if uuid then return { 'same', uuid, meta[3] } end
for i = 2, #KEYS do
  if redis.call('EXISTS', KEYS[i]) == 1 then return refuse('not_empty', KEYS[i]) end
end
-- write
redis.call('HSET', KEYS[1], 'installation', ARGV[1], 'layout', ARGV[3], 'shards', ARGV[4])
for i = 2, #KEYS do redis.call('HSET', KEYS[i], 'owner', '', 'token', '0:', 'expires', '0', 'run', '') end
return { 'created', ARGV[1], ARGV[4] }
