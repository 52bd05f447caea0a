-- Deliveries into the mailboxes of any shards: `read_targets` belongs to the check half, `deliver` and `wake` to the write half.
-- KEYS from k  per target shard: ready, tip, parked, its mailboxes
-- ARGV from a  target shards, mailboxes of each, messages, then per message: mailbox (from 1), id, type, body, from, trace
local function read_targets(k, a)
  local targets = { shards = {}, boxes = {}, of = {} } -- `of`: of each message
  local shards = tonumber(ARGV[a]) or -1
  if shards < 0 or shards > #KEYS then return nil, 'number of shards' end
  for s = 1, shards do
    local shard = { ready = KEYS[k], tip = KEYS[k + 1], woken = {} }
    local boxes = tonumber(ARGV[a + s]) or -1
    if boxes < 0 or k + 2 + boxes > #KEYS then return nil, 'number of mailboxes' end
    local parked = count_of('HLEN', KEYS[k + 2])
    if not count_of('ZCARD', shard.ready) then return nil, shard.ready end
    if not count_of('HLEN', shard.tip) then return nil, shard.tip end
    if not parked then return nil, KEYS[k + 2] end
    local prefix = #KEYS[k] + 4 -- behind "iw:{t}:mailbox:", which is three longer than "iw:{t}:ready"
    for i = k + 3, k + 2 + boxes do
      local key = KEYS[i]
      local actor, missing, tip = string.sub(key, prefix), absent(key), false
      if missing == nil then return nil, key end
      if missing then
        tip = redis.call('HGET', shard.tip, actor)
        if not sound(tip) then return nil, shard.tip end
      end
      local is_parked = parked > 0 and redis.call('HEXISTS', KEYS[k + 2], actor) == 1
      -- All fields at once: a table that grows is copied.
      local box = { key = key, actor = actor, shard = shard, missing = missing, tip = tip, parked = is_parked, room = 0 }
      targets.boxes[#targets.boxes + 1] = box
    end
    targets.shards[s] = shard
    k = k + 3 + boxes
  end
  targets.messages = tonumber(ARGV[a + shards + 1])
  targets.first = a + shards + 2
  if #ARGV ~= targets.first - 1 + (targets.messages or -1) * 6 then return nil, 'number of messages' end
  for i = 1, targets.messages do
    local box = targets.boxes[tonumber(ARGV[targets.first + (i - 1) * 6])]
    if not box then return nil, 'mailbox of a message' end
    targets.of[i] = box
  end
  return targets
end

-- Writes message number i and returns its entry id. A parked actor is not made ready: it stays where an operator finds it (I4).
local function deliver(targets, i)
  local a = targets.first + (i - 1) * 6
  local box = targets.of[i]
  if box.missing then
    create_mailbox(box.key, box.tip)
    box.missing = false
  end
  local entry = redis.call('XADD', box.key, '*', 'id', ARGV[a + 1], 'type', ARGV[a + 2], 'body', ARGV[a + 3], 'from', ARGV[a + 4], 'trace', ARGV[a + 5])
  if not box.parked then
    local woken = box.shard.woken
    local n = #woken
    woken[n + 1], woken[n + 2] = string.match(entry, '^%d+'), box.actor
  end
  return entry
end

-- NX: an actor that waits already keeps the time of its oldest entry.
local function wake(targets)
  for _, shard in ipairs(targets.shards) do write_pairs(shard.woken, 'ZADD', shard.ready, 'NX') end
end

local function deliver_all(targets)
  for i = 1, targets.messages do deliver(targets, i) end
  wake(targets)
end
