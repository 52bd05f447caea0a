#!lua
-- Writes messages into mailboxes, in order, and wakes their actors: in a cluster of one shard. Repeatable: the sender counts its calls, and the answers of
-- its last 32 are kept for ten minutes, so that a call whose answer was lost and which the client library sends again writes nothing.
-- KEYS  1 the sender's answers  2.. deliveries (parts/deliver.lua)
-- ARGV  1 number of the call  2 cap of uncommitted entries, empty for none  3.. deliveries
-- returns  "<entry id or FULL> ..." one per message | error outcome_unknown: a repeat that came too late to know its answer
-- Without allow-oom: what comes from outside is shed first.
-- include: check, tip, mailbox, deliver
local ANSWERS = 32
local ANSWERS_MS = 600000
local call, cap = tonumber(ARGV[1]), tonumber(ARGV[2])
local slot = call % ANSWERS
local known = redis.pcall('HGET', KEYS[1], slot)
if type(known) == 'table' then return refuse('wrong_type', KEYS[1]) end
if known then
  local number, answer = string.match(known, '^(%d+) (.*)$')
  if tonumber(number) == call then return answer end
  if tonumber(number) > call then return refuse('outcome_unknown', KEYS[1]) end
end
local targets, wrong = read_targets(2, 3)
if not targets then return refuse('wrong_type', wrong) end

-- Uncommitted entries, or more where that leaves room for all that comes. The length is never less; what was added since the tip is never less; only when entries behind the tip
-- were deleted by hand must they be counted.
local function uncommitted(box)
  local length = redis.call('XLEN', box.key)
  if box.missing or length + targets.messages <= cap then return length end
  local last, n = parts_of(head_of(redis.call('HGET', box.shard.tip, box.actor)))
  local info, facts = redis.call('XINFO', 'STREAM', box.key), {}
  for i = 1, #info, 2 do facts[info[i]] = info[i + 1] end
  local added = facts['entries-added'] - tonumber(n)
  if added < cap or not before(last, facts['max-deleted-entry-id']) then return math.min(added, length) end
  return #redis.call('XRANGE', box.key, '(' .. last, '+', 'COUNT', cap)
end

if cap then
  for _, box in ipairs(targets.boxes) do
    if not box.missing and not sound(redis.call('HGET', box.shard.tip, box.actor)) then return refuse('wrong_type', box.shard.tip) end
    box.room = cap - uncommitted(box)
  end
end
-- write
local answers = {}
for i = 1, targets.messages do
  local box = targets.of[i]
  if cap and box.room <= 0 then
    answers[i] = 'FULL'
  else
    if cap then box.room = box.room - 1 end
    answers[i] = deliver(targets, i)
  end
end
wake(targets)
local answer = table.concat(answers, ' ')
local fresh = redis.call('HSET', KEYS[1], slot, ARGV[1] .. ' ' .. answer)
if fresh == 1 or slot == 0 then redis.call('PEXPIRE', KEYS[1], ANSWERS_MS) end
return answer
