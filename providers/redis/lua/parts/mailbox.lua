-- A mailbox that is missing begins where its actor stands, so that ids go on growing after a deletion or under a clock that stepped back (I5).
local function create_mailbox(key, tip)
  local last, n = parts_of(head_of(tip))
  redis.call('XGROUP', 'CREATE', key, 'actor', last, 'MKSTREAM', 'ENTRIESREAD', n)
  if last ~= '0-0' then redis.call('XSETID', key, last, 'ENTRIESADDED', n, 'MAXDELETEDID', last) end
end

-- The group shows people where the actor stands; the tip is the cursor. Somebody may have destroyed the group by hand: then it is made again.
local function show_position(key, last, n)
  local set = redis.pcall('XGROUP', 'SETID', key, 'actor', last, 'ENTRIESREAD', n)
  if set.err then redis.pcall('XGROUP', 'CREATE', key, 'actor', last, 'ENTRIESREAD', n) end
end

-- Milliseconds of the first entry after `last`, or nil: what decides `ready`.
local function waiting_since(key, last)
  local next = redis.call('XRANGE', key, '(' .. last, '+', 'COUNT', 1)[1]
  return next and string.match(next[1], '^%d+')
end

-- ZADD or HSET of flat pairs, in parts that unpack can take.
local function write_pairs(pairs, ...)
  for first = 1, #pairs, 500 do
    local call = { ... }
    for i = first, math.min(first + 499, #pairs) do call[#call + 1] = pairs[i] end
    redis.call(unpack(call))
  end
end
