#!lua flags=no-writes,allow-oom
-- The entries after each actor's tip. The tip is the cursor: a lost answer, a fenced owner or a stray XREADGROUP by hand skips nothing.
-- KEYS  1 lease  2 tip  3 attempts  4.. mailboxes
-- ARGV  1 token  2.. per mailbox: actor, count
-- returns  {tip or nil, attempts, entries} per mailbox | "FENCED"
-- XRANGE, not XGROUP SETID + XREADGROUP NOACK: it reads only, so a cycle costs one fsync less; `commit` moves the group's position for people.
-- include: check, tip
local token = redis.call('HGET', KEYS[1], 'token')
if token ~= ARGV[1] then return 'FENCED' end
local actors = {}
for i = 4, #KEYS do actors[i - 3] = ARGV[(i - 3) * 2] end
local tips = fields_of(KEYS[2], actors)
if not tips then return refuse('wrong_type', KEYS[2]) end
local tried = count_of('HLEN', KEYS[3])
if not tried then return refuse('wrong_type', KEYS[3]) end
local answer = {}
for i, actor in ipairs(actors) do
  if not sound(tips[i]) then return refuse('wrong_type', KEYS[2]) end
  local attempts = tried > 0 and redis.call('HGET', KEYS[3], actor)
  local entries = redis.call('XRANGE', KEYS[3 + i], '(' .. parts_of(head_of(tips[i])), '+', 'COUNT', ARGV[1 + i * 2])
  answer[i] = { tips[i], tonumber(attempts and string.match(attempts, '^%d+') or 0), entries }
end
return answer
