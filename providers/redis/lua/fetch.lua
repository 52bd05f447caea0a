#!lua flags=no-writes,allow-oom
-- The entries after each actor's tip. The tip is the cursor: a lost answer, a fenced owner or a stray XREADGROUP by hand skips nothing.
-- KEYS  1 lease  2 tip  3 attempts  4 parked  5.. mailboxes
-- ARGV  1 token  2.. per mailbox: actor, count
-- returns  {tip or nil, attempts, entries} per mailbox, no entries of a parked actor | "FENCED"
-- XRANGE, not XGROUP SETID + XREADGROUP NOACK: it reads only, so a cycle costs one fsync less; `commit` moves the group's position for people.
-- include: check, tip
local token = redis.call('HGET', KEYS[1], 'token')
if token ~= ARGV[1] then return 'FENCED' end
local actors = {}
for i = 5, #KEYS do actors[i - 4] = ARGV[(i - 4) * 2] end
local tips = fields_of(KEYS[2], actors)
if not tips then return refuse('wrong_type', KEYS[2]) end
local tried = count_of('HLEN', KEYS[3])
if not tried then return refuse('wrong_type', KEYS[3]) end
local parked = count_of('HLEN', KEYS[4])
if not parked then return refuse('wrong_type', KEYS[4]) end
local answer = {}
for i, actor in ipairs(actors) do
  local last = last_of(tips[i])
  if not last then return refuse('wrong_type', KEYS[2]) end
  local attempts = tried > 0 and redis.call('HGET', KEYS[3], actor)
  local stopped = parked > 0 and redis.call('HEXISTS', KEYS[4], actor) == 1
  local entries = stopped and {} or redis.call('XRANGE', KEYS[4 + i], '(' .. last, '+', 'COUNT', ARGV[1 + i * 2])
  answer[i] = { tips[i], tonumber(attempts and string.match(attempts, '^%d+') or 0), entries }
end
return answer
