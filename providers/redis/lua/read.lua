#!lua flags=no-writes,allow-oom
-- One consistent look at each of some actors, by anyone. In a cluster all are of one shard.
-- KEYS  per actor: tip of its shard, parked of its shard, mailbox
-- ARGV  1 entries at most  2.. per actor: actor, entry after which (empty: the tip's snapshot)
-- returns  {tip or nil, entries, 1 if parked} per actor
-- include: tip
local parked = {}
local answer = {}
for i = 1, #KEYS / 3 do
  local tips, stopped, mailbox = KEYS[i * 3 - 2], KEYS[i * 3 - 1], KEYS[i * 3]
  local actor, after = ARGV[i * 2], ARGV[i * 2 + 1]
  local tip = redis.call('HGET', tips, actor)
  if after == '' then after = string.match(snapshot_of(tip), '^([^~]+)~') or '0-0' end
  local entries = redis.call('XRANGE', mailbox, '(' .. after, '+', 'COUNT', ARGV[1])
  if not parked[stopped] then parked[stopped] = redis.call('HLEN', stopped) end
  answer[i] = { tip, entries, parked[stopped] > 0 and redis.call('HEXISTS', stopped, actor) or 0 }
end
return answer
