#!lua flags=allow-oom
-- Delivers the result of an effect to its actor, once: whoever removes the effect delivers. (XDEL decides, not XACK: a stray XACK by hand loses nothing.)
-- KEYS  1 effects  2 effect-attempts  3.. deliveries of one shard
-- ARGV  1 claim  2.. deliveries (parts/deliver.lua)
-- returns  1 delivered | 0 somebody else already did
-- include: check, tip, mailbox, deliver
if absent(KEYS[1]) == nil then return refuse('wrong_type', KEYS[1]) end
if not count_of('HLEN', KEYS[2]) then return refuse('wrong_type', KEYS[2]) end
local targets, wrong = read_targets(3, 2)
if not targets then return refuse('wrong_type', wrong) end
local found = redis.pcall('XRANGE', KEYS[1], ARGV[1], ARGV[1])
if found.err then return refuse('bad_claim', ARGV[1]) end
if #found == 0 then return 0 end
-- write
redis.call('XDEL', KEYS[1], ARGV[1])
redis.pcall('XACK', KEYS[1], 'effects', ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])
deliver_all(targets)
return 1
