#!lua flags=allow-oom
-- Keeps a claimed effect for its runner and counts the next attempt. Repeatable: the attempt it follows is compared.
-- KEYS  1 effects  2 effect-attempts
-- ARGV  1 runner  2 claim  3 the attempt so far
-- returns  the next attempt | 0: the effect is settled or another runner has it
-- include: check
if absent(KEYS[1]) == nil then return refuse('wrong_type', KEYS[1]) end
if not count_of('HLEN', KEYS[2]) then return refuse('wrong_type', KEYS[2]) end
local pending = redis.pcall('XPENDING', KEYS[1], 'effects', ARGV[2], ARGV[2], 1)
if pending.err or not pending[1] or pending[1][2] ~= ARGV[1] then return 0 end
if #redis.call('XRANGE', KEYS[1], ARGV[2], ARGV[2]) == 0 then return 0 end
local attempt, counted = tonumber(ARGV[3]), tonumber(redis.call('HGET', KEYS[2], ARGV[2]))
if not attempt then return refuse('bad_attempt', ARGV[2]) end
if counted ~= attempt and counted ~= attempt + 1 then return 0 end
-- write
redis.call('XCLAIM', KEYS[1], 'effects', ARGV[1], 0, ARGV[2], 'JUSTID')
redis.call('HSET', KEYS[2], ARGV[2], attempt + 1)
return attempt + 1
