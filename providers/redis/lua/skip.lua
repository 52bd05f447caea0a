#!lua flags=allow-oom
-- Moves a parked actor over the entry that stopped it, by an operator. Its snapshot was inserted before; tip and named snapshot move together.
-- Compares entry and tip instead of a token. Repeatable: a skip that is done answers as at first.
-- KEYS  1 tip  2 ready  3 parked  4 attempts  5 dead  6 mailbox  7 lease  8 outbox  9.. deliveries
-- ARGV  1 actor  2 entry  3 expected head  4 next head  5 rules  6 by  7 why  8 messages for the outbox
--       then per such message: to, id, type, body, from, trace; then deliveries (parts/deliver.lua)
-- returns  1 skipped | 0 entry or tip moved meanwhile, or it is not parked at this entry
-- include: check, tip, mailbox, deliver, outbox
local FIELDS_MAX = 100
local actor, entry = ARGV[1], ARGV[2]
local tips = fields_of(KEYS[1], { actor })
if not tips or not sound(tips[1]) then return refuse('wrong_type', KEYS[1]) end
if not count_of('ZCARD', KEYS[2]) then return refuse('wrong_type', KEYS[2]) end
local records = fields_of(KEYS[3], { actor })
if not records then return refuse('wrong_type', KEYS[3]) end
if not count_of('HLEN', KEYS[4]) then return refuse('wrong_type', KEYS[4]) end
if absent(KEYS[5]) == nil then return refuse('wrong_type', KEYS[5]) end
if not count_of('XLEN', KEYS[6]) then return refuse('wrong_type', KEYS[6]) end
local last, n, chain = parts_of(ARGV[4])
if not last or last ~= entry or not string.match(ARGV[5], '^%d+$') then return refuse('bad_head', actor) end
local head, name = head_of(tips[1]), last .. '~' .. chain
if head == ARGV[4] and snapshot_of(tips[1]) == name then return 1 end
if head ~= ARGV[3] or not records[1] then return 0 end
local readable, record = pcall(cjson.decode, records[1])
if not readable or record.entry ~= entry then return 0 end
local found = redis.call('XRANGE', KEYS[6], '(' .. parts_of(head), '+', 'COUNT', 1)[1]
if not found or found[1] ~= entry then return 0 end
if #found[2] > FIELDS_MAX then return refuse('too_many_fields', entry) end
local outgoing = { first = 9, count = tonumber(ARGV[8]) or -1 }
if outgoing.count < 0 or 9 + outgoing.count * 6 > #ARGV then return refuse('bad_arguments', KEYS[8]) end
local token = redis.pcall('HGET', KEYS[7], 'token')
if type(token) == 'table' then return refuse('wrong_type', KEYS[7]) end
if outgoing.count > 0 and not token then return refuse('not_initialised', KEYS[7]) end
if absent(KEYS[8]) == nil then return refuse('wrong_type', KEYS[8]) end
local targets, wrong = read_targets(9, 9 + outgoing.count * 6)
if not targets then return refuse('wrong_type', wrong) end
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
-- write
redis.call('XADD', KEYS[5], '*', 'actor', actor, 'entry', entry, 'by', ARGV[6], 'why', ARGV[7], 'at', now, unpack(found[2]))
redis.call('XDEL', KEYS[6], entry)
redis.call('HSET', KEYS[1], actor, ARGV[4] .. ' ' .. name .. ' ' .. ARGV[5])
redis.call('HDEL', KEYS[3], actor)
redis.call('HDEL', KEYS[4], actor)
deliver_all(targets)
put_outgoing(KEYS[8], token, outgoing)
show_position(KEYS[6], last, n)
local since = waiting_since(KEYS[6], last)
if since then redis.call('ZADD', KEYS[2], since, actor) else redis.call('ZREM', KEYS[2], actor) end
return 1
