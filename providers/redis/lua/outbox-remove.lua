#!lua flags=allow-oom
-- Forgets messages that were delivered. Repeatable: what is gone is gone. The stream stays, so that its ids go on growing.
-- KEYS  1 lease  2 outbox
-- ARGV  1 token  2.. entries
-- returns  1 | 0 fenced
-- include: check
local token = redis.pcall('HGET', KEYS[1], 'token')
if type(token) == 'table' then return refuse('wrong_type', KEYS[1]) end
if absent(KEYS[2]) == nil then return refuse('wrong_type', KEYS[2]) end
for i = 2, #ARGV do
  local ms, sequence = string.match(ARGV[i], '^(%d+)%-(%d+)$')
  if not ms or #ms > 19 or #sequence > 19 then return refuse('bad_entry', KEYS[2]) end
end
if token ~= ARGV[1] then return 0 end
-- write
for first = 2, #ARGV, 1000 do
  redis.pcall('XDEL', KEYS[2], unpack(ARGV, first, math.min(first + 999, #ARGV)))
end
return 1
