#!lua flags=allow-oom
-- `fetch` after a takeover by expiry: counts the attempt of each actor's next entry before the entry is handed out, so that one that kills its
-- process is found. Repeatable: the call's own name is kept beside the count.
-- KEYS  1 lease  2 tip  3 attempts  4 parked  5.. mailboxes
-- ARGV  1 token  2 name of the call  3.. per mailbox: actor, count
-- returns  {tip or nil, attempts, entries} per mailbox, no entries of a parked actor | "FENCED"
-- include: check, tip
local token = redis.pcall('HGET', KEYS[1], 'token')
if type(token) == 'table' then return refuse('wrong_type', KEYS[1]) end
if token ~= ARGV[1] then return 'FENCED' end
local actors = {}
for i = 5, #KEYS do actors[i - 4] = ARGV[(i - 4) * 2 + 1] end
local tips, tried = fields_of(KEYS[2], actors), fields_of(KEYS[3], actors)
if not tips then return refuse('wrong_type', KEYS[2]) end
if not tried then return refuse('wrong_type', KEYS[3]) end
local parked = fields_of(KEYS[4], actors)
if not parked then return refuse('wrong_type', KEYS[4]) end
local answer = {}
for i = 1, #actors do
  if not sound(tips[i]) then return refuse('wrong_type', KEYS[2]) end
  local entries = redis.pcall('XRANGE', KEYS[4 + i], '(' .. parts_of(head_of(tips[i])), '+', 'COUNT', ARGV[2 + i * 2])
  if entries.err then return refuse('wrong_type', KEYS[4 + i]) end
  if parked[i] then entries = {} end
  local attempts, call = string.match(tried[i] or '0 -', '^(%d+) (%S+)$')
  answer[i] = { tips[i], tonumber(attempts or 0), entries }
  answer[i].counted = call == ARGV[2]
end
-- write
for i, actor in ipairs(actors) do
  if #answer[i][3] > 0 and not answer[i].counted then
    answer[i][2] = answer[i][2] + 1
    redis.call('HSET', KEYS[3], actor, answer[i][2] .. ' ' .. ARGV[2])
  end
end
return answer
