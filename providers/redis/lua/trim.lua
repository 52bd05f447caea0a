#!lua flags=allow-oom
-- Names mailboxes' new snapshots and removes the entries they cover (I3). Repeatable: a second call finds nothing to do.
-- KEYS  1 lease  2 tip  3.. mailboxes
-- ARGV  1 token  2.. per mailbox: actor, last of the snapshot, its chain, entries kept for people
-- returns  how many tips name the given snapshot now | "FENCED"
-- A snapshot older than the named one, ahead of the tip, or of another chain than the tip's changes nothing.
-- include: check, tip, mailbox
local TRIMMED_MAX = 10000
local token = redis.pcall('HGET', KEYS[1], 'token')
if type(token) == 'table' then return refuse('wrong_type', KEYS[1]) end
if token ~= ARGV[1] then return 'FENCED' end
local actors, named, todo, renamed = {}, 0, {}, {}
for i = 3, #KEYS do actors[i - 2] = ARGV[(i - 3) * 4 + 2] end
local tips = fields_of(KEYS[2], actors)
if not tips then return refuse('wrong_type', KEYS[2]) end
for i, actor in ipairs(actors) do
  -- An actor that is named twice: the second is compared with what the first makes of the tip.
  tips[i] = renamed[actor] or tips[i]
  local last, chain, keep = ARGV[i * 4 - 1], ARGV[i * 4], tonumber(ARGV[i * 4 + 1])
  if not sound(tips[i]) then return refuse('wrong_type', KEYS[2]) end
  if not parts_of(last .. ' 0 -') or not string.match(chain, '^%S+$') or not keep or keep ~= math.floor(keep) or keep < 0 or keep > 1000 then return refuse('bad_snapshot', actor) end
  if not count_of('XLEN', KEYS[i + 2]) then return refuse('wrong_type', KEYS[i + 2]) end
  local tip_last, n, tip_chain = parts_of(head_of(tips[i]))
  local snapshot, name = snapshot_of(tips[i]), last .. '~' .. chain
  local reached = tips[i] and not before(tip_last, last) and (tip_last ~= last or tip_chain == chain)
  if snapshot == name then
    named = named + 1
  elseif reached and (snapshot == '-' or before(string.match(snapshot, '^([^~]+)~'), last)) then
    named = named + 1
    todo[#todo + 1] = { actor = actor, key = KEYS[i + 2], last = last, keep = keep, tip = head_of(tips[i]) .. ' ' .. name .. ' ' .. string.match(tips[i], '%d+$') }
    renamed[actor] = todo[#todo].tip
  end
end

-- The newest entries stay. XTRIM bounds its work only with "~", so a long mailbox is trimmed by whole nodes (512 bytes) and the rest next time.
local function trim(name)
  local length = redis.call('XLEN', name.key)
  if length <= name.keep then return end
  local after = #redis.call('XRANGE', name.key, '(' .. name.last, '+', 'COUNT', math.max(name.keep, 1))
  if length > TRIMMED_MAX then
    redis.call('XTRIM', name.key, 'MINID', '~', name.last, 'LIMIT', TRIMMED_MAX)
  elseif after >= name.keep then
    redis.call('XTRIM', name.key, 'MINID', name.last)
  else
    redis.call('XTRIM', name.key, 'MAXLEN', name.keep)
  end
end

-- write
for _, name in ipairs(todo) do
  redis.call('HSET', KEYS[2], name.actor, name.tip)
  trim(name)
end
return named
