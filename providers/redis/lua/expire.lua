#!lua flags=allow-oom
-- Ends the lease of a worker that is dead, as if its time was over: the next to acquire it finds it expired. Its token is good until then.
-- KEYS  1 lease
-- ARGV  1 token
-- returns  whether it was held by this token: 1 | 0
-- include: check
local token = redis.pcall('HGET', KEYS[1], 'token')
if type(token) == 'table' then return refuse('wrong_type', KEYS[1]) end
if token ~= ARGV[1] then return 0 end
-- write
redis.call('HSET', KEYS[1], 'expires', '0')
return 1
