#!lua flags=no-writes,allow-oom
-- One consistent look at actors of one shard, by anyone.
-- KEYS  1 tip  2 parked  3.. mailboxes
-- ARGV  1 entries at most  2.. per mailbox: actor, entry after which (empty: the tip's snapshot)
-- returns  {tip or nil, entries, 1 if parked} per mailbox
-- include: tip
local parked = redis.call('HLEN', KEYS[2])
local answer = {}
for i = 3, #KEYS do
  local actor, after = ARGV[(i - 2) * 2], ARGV[(i - 2) * 2 + 1]
  local tip = redis.call('HGET', KEYS[1], actor)
  if after == '' then after = string.match(snapshot_of(tip), '^([^~]+)~') or '0-0' end
  local entries = redis.call('XRANGE', KEYS[i], '(' .. after, '+', 'COUNT', ARGV[1])
  answer[i - 2] = { tip, entries, parked > 0 and redis.call('HEXISTS', KEYS[2], actor) or 0 }
end
return answer
