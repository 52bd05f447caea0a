#!lua flags=allow-oom
-- Turns due timers into messages `TimerDue`. Repeatable: a timer that is gone, was moved, or is not due by the server's clock stays as it is.
-- KEYS  1 lease  2 timers  3.. deliveries of one shard
-- ARGV  1 token  2.. deliveries (parts/deliver.lua); id is "<actor> <key>@<ms>", from "timer"
-- returns  how many were moved | "FENCED"
-- include: check, tip, mailbox, deliver
local token = redis.pcall('HGET', KEYS[1], 'token')
if type(token) == 'table' then return refuse('wrong_type', KEYS[1]) end
if token ~= ARGV[1] then return 'FENCED' end
if not count_of('ZCARD', KEYS[2]) then return refuse('wrong_type', KEYS[2]) end
local targets, wrong = read_targets(3, 2)
if not targets then return refuse('wrong_type', wrong) end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
-- write
local moved = 0
for i = 1, targets.messages do
  local a = targets.first + (i - 1) * 6 + 1
  local timer, at = string.match(ARGV[a], '^(.*)@(%d+)$')
  local score = timer and redis.call('ZSCORE', KEYS[2], timer)
  if score and tonumber(score) == tonumber(at) and tonumber(at) <= now then
    deliver(targets, i)
    redis.call('ZREM', KEYS[2], timer)
    moved = moved + 1
  end
end
wake(targets)
return moved
