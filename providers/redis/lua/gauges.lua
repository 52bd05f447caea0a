#!lua flags=no-writes,allow-oom
-- What waits, is parked and was skipped in one shard, for gauges: counts and one look at the oldest, whatever the shard holds.
-- KEYS  1 ready  2 parked  3 dead
-- returns  {actors ready, age in ms of the oldest uncommitted entry or -1, actors parked, dead letters}
-- By the server's clock, which also made the entry ids.
local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
local time = redis.call('TIME')
local age = oldest and math.max(0, time[1] * 1000 + math.floor(time[2] / 1000) - tonumber(oldest)) or -1
return { redis.call('ZCARD', KEYS[1]), age, redis.call('HLEN', KEYS[2]), redis.call('XLEN', KEYS[3]) }
