#!lua flags=allow-oom
-- Delivers messages that were in transit, each once: what was delivered is remembered until the restore has ended. One shard, or none twice.
-- KEYS  1 restored  2.. deliveries of one shard
-- ARGV  1 number of names  2.. one name per message  then deliveries (parts/deliver.lua)
-- returns  how many were new | "NOT_RESTORING"
-- include: check, tip, mailbox, deliver
local names = tonumber(ARGV[1])
if not names or names < 0 or names > #ARGV - 1 then return refuse('bad_arguments', KEYS[1]) end
local marked = redis.pcall('HEXISTS', KEYS[1], '')
if type(marked) == 'table' then return refuse('wrong_type', KEYS[1]) end
if marked == 0 then return 'NOT_RESTORING' end
local targets, wrong = read_targets(2, names + 2)
if not targets then return refuse('wrong_type', wrong) end
if targets.messages ~= names then return refuse('bad_arguments', KEYS[1]) end
-- write
local fresh = 0
for i = 1, names do
  if redis.call('HSETNX', KEYS[1], ARGV[i + 1], '1') == 1 then
    deliver(targets, i)
    fresh = fresh + 1
  end
end
wake(targets)
return fresh
