#!lua flags=allow-oom
-- Takes effects for a runner: of each shard first those that nobody carries out, then new ones; each attempt is counted before the call is made.
-- Nobody carries out what another runner took and has been silent about, and what this one took but does not hold: the answer to its claim was
-- lost, or it let go of it. What it holds is left alone, however long it waits there.
-- KEYS  per shard: effects, effect-attempts; the caller rotates the shards, because the first may take the whole count
-- ARGV  1 runner  2 count  3 idle ms  4.. per shard: the claims that the runner holds ("-": leave all its own alone)
-- returns  per shard {{entry, fields, attempt} ...}
-- include: check
local runner, count, idle = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
if not count or count ~= math.floor(count) or count < 1 or count > 1000 or not idle or idle ~= math.floor(idle) or idle < 0 or idle > 1e15 then return refuse('bad_claim', runner) end
local missing = {}
for i = 1, #KEYS, 2 do
  missing[i] = absent(KEYS[i])
  if missing[i] == nil then return refuse('wrong_type', KEYS[i]) end
  if not count_of('HLEN', KEYS[i + 1]) then return refuse('wrong_type', KEYS[i + 1]) end
  if not ARGV[3 + (i + 1) / 2] then return refuse('bad_claim', KEYS[i]) end
end

local function forsaken(effects, holds)
  local known, held, found = {}, 0, {}
  for claim in string.gmatch(holds, '%d+%-%d+') do
    known[claim] = true
    held = held + 1
  end
  -- Behind those it holds there is room for as many as are wanted; what is not silent yet is so a little later.
  for _, pending in ipairs(redis.call('XPENDING', effects, 'effects', '-', '+', count + held)) do
    local claim, by, silent = pending[1], pending[2], pending[3]
    local free = by == runner and holds ~= '-' and not known[claim] or by ~= runner and silent >= idle
    if free and #found < count then found[#found + 1] = claim end
  end
  if #found == 0 then return {} end
  return redis.call('XCLAIM', effects, 'effects', runner, 0, unpack(found))
end

local function claim(effects, attempts, holds)
  redis.pcall('XGROUP', 'CREATE', effects, 'effects', '0-0')
  local taken, answer = forsaken(effects, holds), {}
  if #taken < count then
    local new = redis.call('XREADGROUP', 'GROUP', 'effects', runner, 'COUNT', count - #taken, 'STREAMS', effects, '>')
    for _, entry in ipairs(new and new[1] and new[1][2] or {}) do taken[#taken + 1] = entry end
  end
  for _, entry in ipairs(taken) do
    local attempt = (tonumber(redis.call('HGET', attempts, entry[1])) or 0) + 1
    redis.call('HSET', attempts, entry[1], attempt)
    answer[#answer + 1] = { entry[1], entry[2], attempt }
  end
  count = count - #taken
  return answer
end

-- write
local answers = {}
for i = 1, #KEYS, 2 do
  local skip = missing[i] or count == 0 or redis.call('XLEN', KEYS[i]) == 0
  answers[#answers + 1] = skip and {} or claim(KEYS[i], KEYS[i + 1], ARGV[3 + (i + 1) / 2])
end
return answers
