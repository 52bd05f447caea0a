#!lua flags=allow-oom
-- Delivers messages that a relay brought from the outbox of another shard, each once: those behind the last one seen of their epoch. Repeatable.
-- KEYS  1 seen  2.. deliveries of one shard
-- ARGV  1 sending shard  2 epoch  3 outbox entries, separated by spaces, one per message  4.. deliveries (parts/deliver.lua)
-- returns  how many were new
-- `seen` holds per sending shard "<epoch>=<last entry> ...", the last 8 epochs, the newest last. An epoch that is none of them and not newer than
-- all of them may have been seen long ago: refused.
-- include: check, tip, mailbox, deliver
local EPOCHS = 8
local from, epoch = ARGV[1], ARGV[2]
local number = tonumber(string.match(epoch, '^(%d+):[%w%-]*$'))
if not number or not string.match(from, '^%S+$') then return refuse('bad_epoch', epoch) end
local entries = {}
for entry in string.gmatch(ARGV[3], '%S+') do
  local ms, sequence = string.match(entry, '^(%d+)%-(%d+)$')
  if not ms or #ms > 15 or #sequence > 15 then return refuse('bad_entry', entry) end
  entries[#entries + 1] = entry
end
local seen = redis.pcall('HGET', KEYS[1], from)
if type(seen) == 'table' then return refuse('wrong_type', KEYS[1]) end
local epochs, last, oldest = {}, nil, nil
for known, entry in string.gmatch(seen or '', '(%S+)=(%d+%-%d+)') do
  oldest = oldest or tonumber(string.match(known, '^%d+'))
  if known == epoch then last = entry end
  epochs[#epochs + 1] = { known, entry }
end
if not last and #epochs >= EPOCHS and number <= oldest then return refuse('epoch_forgotten', epoch) end
local targets, wrong = read_targets(2, 4)
if not targets then return refuse('wrong_type', wrong) end
if #targets.shards > 1 or #entries ~= targets.messages then return refuse('bad_arguments', KEYS[1]) end
-- write
local new = 0
local upto = last or '0-0'
for i = 1, targets.messages do
  if before(upto, entries[i]) then
    deliver(targets, i)
    upto = entries[i]
    new = new + 1
  end
end
wake(targets)
if new == 0 then return 0 end
local text = {}
if not last then epochs[#epochs + 1] = { epoch, upto } end
for i = math.max(1, #epochs - EPOCHS + 1), #epochs do
  text[#text + 1] = epochs[i][1] .. '=' .. (epochs[i][1] == epoch and upto or epochs[i][2])
end
redis.call('HSET', KEYS[1], from, table.concat(text, ' '))
return new
