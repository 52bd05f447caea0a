#!lua flags=allow-oom
-- Puts actors of one shard back where their snapshots say they stood. Repeatable: an actor that has a tip stays as it is.
-- KEYS  1 restored  2 tip  3 totals  4 timers  5 effects
-- ARGV  per actor: actor, tip, sums, timers, effects (three counts), then per sum: name, amount; per timer: key, ms since 1970;
--       per effect: id, type, body, trace
-- returns  how many were new | "NOT_RESTORING"
-- include: check, tip
local marked = redis.pcall('HEXISTS', KEYS[1], '')
if type(marked) == 'table' then return refuse('wrong_type', KEYS[1]) end
if marked == 0 then return 'NOT_RESTORING' end
if not count_of('HLEN', KEYS[2]) then return refuse('wrong_type', KEYS[2]) end
if not count_of('HLEN', KEYS[3]) then return refuse('wrong_type', KEYS[3]) end
if not count_of('ZCARD', KEYS[4]) then return refuse('wrong_type', KEYS[4]) end
if absent(KEYS[5]) == nil then return refuse('wrong_type', KEYS[5]) end
local fresh, named, sums, a = {}, {}, {}, 1
while a <= #ARGV do
  local one = { actor = ARGV[a], tip = ARGV[a + 1], sums = tonumber(ARGV[a + 2]), timers = tonumber(ARGV[a + 3]), effects = tonumber(ARGV[a + 4]), at = a + 5 }
  if not one.sums or not one.timers or not one.effects or not one.tip or not sound(one.tip) then return refuse('bad_arguments', one.actor) end
  a = one.at + one.sums * 2 + one.timers * 2 + one.effects * 4
  if a > #ARGV + 1 then return refuse('bad_arguments', one.actor) end
  if not named[one.actor] and redis.call('HEXISTS', KEYS[2], one.actor) == 0 then
    named[one.actor] = true
    fresh[#fresh + 1] = one
    for i = one.at, one.at + one.sums * 2 - 1, 2 do
      local name, amount = ARGV[i], ARGV[i + 1]
      if not string.match(amount, '^%-?%d+$') or #string.match(amount, '%d+') > 18 then return refuse('amount_out_of_range', name) end
      sums[name] = math.abs(tonumber(amount)) + (sums[name] or math.abs(tonumber(redis.call('HGET', KEYS[3], name) or 0)))
      if sums[name] >= 9e18 then return refuse('total_out_of_range', name) end
    end
    for i = one.at + one.sums * 2, one.at + one.sums * 2 + one.timers * 2 - 1, 2 do
      if not string.match(ARGV[i + 1], '^%d+$') or #ARGV[i + 1] > 15 then return refuse('bad_time', ARGV[i]) end
    end
  end
end
-- write
for _, one in ipairs(fresh) do
  local at = one.at
  for _ = 1, one.sums do
    redis.call('HINCRBY', KEYS[3], ARGV[at], ARGV[at + 1])
    at = at + 2
  end
  for _ = 1, one.timers do
    redis.call('ZADD', KEYS[4], ARGV[at + 1], one.actor .. ' ' .. ARGV[at])
    at = at + 2
  end
  for _ = 1, one.effects do
    redis.call('XADD', KEYS[5], '*', 'actor', one.actor, 'id', ARGV[at], 'type', ARGV[at + 1], 'body', ARGV[at + 2], 'trace', ARGV[at + 3])
    at = at + 4
  end
  redis.call('HSET', KEYS[2], one.actor, one.tip)
end
return #fresh
