#!lua flags=no-writes,allow-oom
-- Due timers by the server's clock, oldest first, so that `due` can declare their mailboxes.
-- KEYS  timers of each shard
-- ARGV  1 timers at most of each shard
-- returns  {"<actor> <key>", ms, ...} of each shard, in the order of KEYS
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local answer = {}
for i, key in ipairs(KEYS) do answer[i] = redis.call('ZRANGEBYSCORE', key, '-inf', now, 'WITHSCORES', 'LIMIT', 0, ARGV[1]) end
return answer
