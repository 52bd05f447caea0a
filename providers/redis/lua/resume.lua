#!lua flags=allow-oom
-- Lets a parked actor go on with the entry that stopped it.
-- KEYS  1 tip  2 ready  3 parked  4 attempts  5 mailbox
-- ARGV  1 actor
-- returns  1 resumed | 0 it was not parked
-- include: check, tip, mailbox
local tips = fields_of(KEYS[1], { ARGV[1] })
if not tips or not sound(tips[1]) then return refuse('wrong_type', KEYS[1]) end
if not count_of('ZCARD', KEYS[2]) then return refuse('wrong_type', KEYS[2]) end
if not count_of('HLEN', KEYS[3]) then return refuse('wrong_type', KEYS[3]) end
if not count_of('HLEN', KEYS[4]) then return refuse('wrong_type', KEYS[4]) end
if not count_of('XLEN', KEYS[5]) then return refuse('wrong_type', KEYS[5]) end
local last = parts_of(head_of(tips[1]))
local since = waiting_since(KEYS[5], last)
-- write
if redis.call('HDEL', KEYS[3], ARGV[1]) == 0 then return 0 end
redis.call('HDEL', KEYS[4], ARGV[1])
if since then redis.call('ZADD', KEYS[2], since, ARGV[1]) end
return 1
