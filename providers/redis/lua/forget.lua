#!lua flags=allow-oom
-- Deletes the mailbox of an actor at rest: nothing uncommitted, its last entry is tip and snapshot. `send` makes it again at the tip.
-- KEYS  1 lease  2 tip  3 ready  4 parked  5 mailbox
-- ARGV  1 token  2 actor
-- returns  1 there is no mailbox now | 0 it is not at rest | "FENCED"
-- include: check, tip
local token = redis.pcall('HGET', KEYS[1], 'token')
if type(token) == 'table' then return refuse('wrong_type', KEYS[1]) end
if token ~= ARGV[1] then return 'FENCED' end
local tips = fields_of(KEYS[2], { ARGV[2] })
if not tips or not sound(tips[1]) then return refuse('wrong_type', KEYS[2]) end
if not count_of('ZCARD', KEYS[3]) then return refuse('wrong_type', KEYS[3]) end
if not count_of('HLEN', KEYS[4]) then return refuse('wrong_type', KEYS[4]) end
local missing = absent(KEYS[5])
if missing == nil then return refuse('wrong_type', KEYS[5]) end
local last, _, chain = parts_of(head_of(tips[1]))
if not tips[1] or snapshot_of(tips[1]) ~= last .. '~' .. chain then return 0 end
if redis.call('ZSCORE', KEYS[3], ARGV[2]) or redis.call('HEXISTS', KEYS[4], ARGV[2]) == 1 then return 0 end
if missing then return 1 end
local info = redis.call('XINFO', 'STREAM', KEYS[5])
for i = 1, #info, 2 do
  if info[i] == 'last-generated-id' and info[i + 1] ~= last then return 0 end
end
-- write
redis.call('DEL', KEYS[5])
return 1
