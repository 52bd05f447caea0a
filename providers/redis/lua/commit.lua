#!lua flags=allow-oom
-- One shard's turns, whole or not at all: moves tips, delivers messages, adds rows to the totals, records effects, timers and parked actors (I2).
-- KEYS  1 lease  2 tip  3 ready  4 totals  5 parked  6 attempts  7 timers  8 effects  9 outbox  10.. the actors' mailboxes, then deliveries
-- ARGV  1 token  2 actors  3 totals  4 effects  5 timers  6 parks  7 messages for the outbox (in a cluster: for shards of other slots)
--       then per actor: actor, expected head, next head, rules; per total: name, delta; per effect: actor, id, type, body, trace;
--       per timer: "<actor> <key>", ms since 1970 (empty cancels); per park: actor, entry or "-", error, attempts;
--       per outbox message: to, id, type, body, from, trace; then deliveries
-- returns  "APPLIED" | "ALREADY" all tips are the new ones, nothing written | "FENCED" another owner, or another run of the server | {"STALE", actor ...} nothing written
-- Checks first, reads only; from "write" on nothing can raise, because nothing rolls back.
-- include: check, tip, mailbox, deliver, outbox
local lease, tips, ready, totals, parked, attempts = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local timers, effects, outbox = KEYS[7], KEYS[8], KEYS[9]
local actors_n, totals_n, effects_n, timers_n, parks_n = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local outbox_n = tonumber(ARGV[7])
if not (actors_n >= 0 and totals_n >= 0 and effects_n >= 0 and timers_n >= 0 and parks_n >= 0 and outbox_n >= 0) then return refuse('bad_arguments', KEYS[1]) end
local first_total = 8 + actors_n * 4
local first_effect = first_total + totals_n * 2
local first_timer = first_effect + effects_n * 5
local first_park = first_timer + timers_n * 2
local first_outgoing = first_park + parks_n * 4
local first_delivery = first_outgoing + outbox_n * 6
if first_delivery > #ARGV or 9 + actors_n > #KEYS then return refuse('bad_arguments', KEYS[1]) end

-- A server that was started since may have lost what this was decided on, entries and tips alike, and still know the token: its run is compared too.
local held = redis.pcall('HMGET', lease, 'token', 'run')
if held.err then return refuse('wrong_type', lease) end
local token = held[1]
if token ~= ARGV[1] or held[2] ~= string.match(redis.call('INFO', 'server'), 'run_id:(%x+)') then return 'FENCED' end

local actors = {}
for i = 1, actors_n do actors[i] = ARGV[4 + i * 4] end
local before_tips = fields_of(tips, actors)
if not before_tips then return refuse('wrong_type', tips) end
local moved, stale, new_tips = {}, { 'STALE' }, {}
for i = 1, actors_n do
  local expected, next_head = ARGV[5 + i * 4], ARGV[6 + i * 4]
  local tip = before_tips[i] or '0-0 0 - - 0'
  if string.sub(tip, 1, #expected + 1) == expected .. ' ' then
    -- The snapshot stays as it is here: `trim` may have moved it since the owner looked.
    local snapshot = string.match(tip, '^(%S+) %d+$', #expected + 2)
    if not snapshot then return refuse('wrong_type', tips) end
    new_tips[i * 2 - 1] = actors[i]
    new_tips[i * 2] = next_head .. ' ' .. snapshot .. ' ' .. ARGV[7 + i * 4]
  elseif string.sub(tip, 1, #next_head + 1) == next_head .. ' ' then moved[#moved + 1] = actors[i]
  else stale[#stale + 1] = actors[i] end
end
if actors_n > 0 and #moved == actors_n then return 'ALREADY' end
if #moved > 0 or #stale > 1 then
  for i = 1, #moved do stale[#stale + 1] = moved[i] end
  return stale
end

if not count_of('ZCARD', ready) then return refuse('wrong_type', ready) end
local parked_n, attempts_n = count_of('HLEN', parked), count_of('HLEN', attempts)
if not parked_n then return refuse('wrong_type', parked) end
if not attempts_n then return refuse('wrong_type', attempts) end
local lasts, counts = {}, {}
for i = 1, actors_n do
  lasts[i], counts[i] = parts_of(ARGV[6 + i * 4])
  if not lasts[i] or not string.find(ARGV[7 + i * 4], '^%d+$') then return refuse('bad_head', actors[i]) end
  if not count_of('XLEN', KEYS[9 + i]) then return refuse('wrong_type', KEYS[9 + i]) end
end
-- Amounts: a delta has 17 digits at most and a total 18, so that a sum always fits Redis' 64 bits.
local names = {}
for i = 1, totals_n do names[i] = ARGV[first_total + i * 2 - 2] end
local sums = fields_of(totals, names)
if not sums then return refuse('wrong_type', totals) end
for i = 1, totals_n do
  local delta, sum = ARGV[first_total + i * 2 - 1], sums[i] or '0'
  if not string.match(delta, '^%-?%d+$') or #string.match(delta, '%d+') > 17 then return refuse('amount_out_of_range', names[i]) end
  if not string.match(sum, '^%-?%d+$') or #string.match(sum, '%d+') > 18 then return refuse('total_out_of_range', names[i]) end
  if math.abs(tonumber(sum) + tonumber(delta)) >= 1e18 then return refuse('total_out_of_range', names[i]) end
end
if effects_n > 0 and absent(effects) == nil then return refuse('wrong_type', effects) end
if timers_n > 0 then
  if not count_of('ZCARD', timers) then return refuse('wrong_type', timers) end
  for i = 1, timers_n do
    local at = ARGV[first_timer + i * 2 - 1]
    if at ~= '' and (not string.match(at, '^%d+$') or #at > 15) then return refuse('bad_time', ARGV[first_timer + i * 2 - 2]) end
  end
end
for i = 1, parks_n do
  local entry, tries = ARGV[first_park + i * 4 - 3], ARGV[first_park + i * 4 - 1]
  if (entry ~= '-' and not string.match(entry, '^%d+%-%d+$')) or not string.match(tries, '^%d+$') then return refuse('bad_park', ARGV[first_park + i * 4 - 4]) end
end
if not count_of('XLEN', outbox) then return refuse('wrong_type', outbox) end
local targets, wrong = read_targets(10 + actors_n, first_delivery)
if not targets then return refuse('wrong_type', wrong) end

-- write
write_pairs(new_tips, 'HSET', tips)
for i = 1, totals_n do redis.call('HINCRBY', totals, names[i], ARGV[first_total + i * 2 - 1]) end
deliver_all(targets)
put_outgoing(outbox, token, { first = first_outgoing, count = outbox_n })
for i = 1, effects_n do
  local a = first_effect + i * 5 - 5
  redis.call('XADD', effects, '*', 'actor', ARGV[a], 'id', ARGV[a + 1], 'type', ARGV[a + 2], 'body', ARGV[a + 3], 'trace', ARGV[a + 4])
end
for i = 1, timers_n do
  local a = first_timer + i * 2 - 2
  if ARGV[a + 1] == '' then
    redis.call('ZREM', timers, ARGV[a])
  else
    redis.call('ZADD', timers, ARGV[a + 1], ARGV[a])
  end
end
if parks_n > 0 then
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  for i = 1, parks_n do
    local a = first_park + i * 4 - 4
    local actor, entry = ARGV[a], ARGV[a + 1]
    local tip = redis.call('HGET', tips, actor)
    -- A park that was overtaken (its entry is committed by now) is void.
    if entry == '-' or before(parts_of(head_of(tip)), entry) then
      local record = { entry = entry, tip = tip or '-', error = ARGV[a + 2], attempts = tonumber(ARGV[a + 3]), since = now }
      parked_n = parked_n + redis.call('HSETNX', parked, actor, cjson.encode(record))
      redis.call('ZREM', ready, actor)
    end
  end
end
-- Last of all `ready`: whatever was sent meanwhile is seen here, so no wake-up can be lost (I4).
local waiting, idle = {}, {}
for i = 1, actors_n do
  show_position(KEYS[9 + i], lasts[i], counts[i])
  local since = waiting_since(KEYS[9 + i], lasts[i])
  if since and not (parked_n > 0 and redis.call('HEXISTS', parked, actors[i]) == 1) then
    waiting[#waiting + 1] = since
    waiting[#waiting + 1] = actors[i]
  else
    idle[#idle + 1] = actors[i]
  end
end
write_pairs(waiting, 'ZADD', ready)
write_pairs(idle, 'ZREM', ready)
if attempts_n > 0 then write_pairs(actors, 'HDEL', attempts) end
return 'APPLIED'
