#!lua flags=no-writes,allow-oom
-- Actors with uncommitted entries. The limit is shared among the shards that have any; of each shard half are those that wait longest and half
-- rotate, so that hot actors cannot starve a shard. Nothing is taken out: an actor that was would be in limbo if its owner died here.
-- KEYS  ready of each shard
-- ARGV  1 limit  2 rotation, a number that grows by one per call
-- returns  actors of each shard, in the order of KEYS
local limit, rotation = tonumber(ARGV[1]), tonumber(ARGV[2])
local waiting, answer = {}, {}
for i, key in ipairs(KEYS) do
  answer[i] = {}
  local actors = redis.call('ZCARD', key)
  if actors > 0 then waiting[#waiting + 1] = { index = i, actors = actors } end
end
-- The shortest first: what they leave of their share is for the longer ones. In turn among equals.
table.sort(waiting, function(a, b)
  if a.actors ~= b.actors then return a.actors < b.actors end
  return (a.index + rotation) % #KEYS < (b.index + rotation) % #KEYS
end)
for i, shard in ipairs(waiting) do
  local share = math.min(shard.actors, math.ceil(limit / (#waiting - i + 1)))
  limit = limit - share
  if share > 0 then
    local key = KEYS[shard.index]
    local half = share == shard.actors and share or math.ceil(share / 2)
    local chosen = redis.call('ZRANGE', key, 0, half - 1)
    if share > half then
      -- The rest of the queue, in windows of the rotating half.
      local rest = share - half
      local windows = math.ceil((shard.actors - half) / rest)
      local from = half + (rotation % windows) * rest
      for _, actor in ipairs(redis.call('ZRANGE', key, from, from + rest - 1)) do chosen[#chosen + 1] = actor end
    end
    answer[shard.index] = chosen
  end
end
return answer
