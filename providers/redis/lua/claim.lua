#!lua flags=allow-oom
-- Takes effects for a runner: of each shard first those whose runner has been silent, then new ones; each attempt is counted before the call is made.
-- KEYS  per shard: effects, effect-attempts; the caller rotates the shards, because the first may take the whole count
-- ARGV  1 runner  2 count  3 idle ms  4.. per shard: where the look for silent runners goes on
-- returns  per shard {where to go on, {entry, fields, attempt} ...}
-- When the answer is lost, what was taken comes back after the idle time.
-- include: check, tip
local runner, count, idle = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
if not count or count ~= math.floor(count) or count < 1 or count > 1000 or not idle or idle ~= math.floor(idle) or idle < 0 or idle > 1e15 then return refuse('bad_claim', runner) end
local missing = {}
for i = 1, #KEYS, 2 do
  missing[i] = absent(KEYS[i])
  if missing[i] == nil then return refuse('wrong_type', KEYS[i]) end
  if not count_of('HLEN', KEYS[i + 1]) then return refuse('wrong_type', KEYS[i + 1]) end
  if not parts_of(ARGV[3 + (i + 1) / 2] .. ' 0 -') then return refuse('bad_claim', KEYS[i]) end
end

local function claim(effects, attempts, from)
  redis.pcall('XGROUP', 'CREATE', effects, 'effects', '0-0')
  local silent = redis.call('XAUTOCLAIM', effects, 'effects', runner, idle, from, 'COUNT', count)
  local answer, taken = { silent[1] }, silent[2]
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
  local from = ARGV[3 + (i + 1) / 2]
  local skip = missing[i] or count == 0 or redis.call('XLEN', KEYS[i]) == 0
  answers[#answers + 1] = skip and { from } or claim(KEYS[i], KEYS[i + 1], from)
end
return answers
