-- Reads for the check half: they raise nothing and write nothing.
local function refuse(code, what)
  return redis.error_reply('IW ' .. code .. ' ' .. what)
end

-- A count (ZCARD, HLEN, XLEN) that answers only when the key has the right type or is missing; nil when it has another.
-- (TYPE costs a table per call; a number costs nothing.)
local function count_of(command, key)
  local count = redis.pcall(command, key)
  if type(count) == 'table' then return nil end
  return count
end

-- true: there is no such stream; false: there is one; nil: something else is in its place.
local function absent(key)
  local length = count_of('XLEN', key)
  if length == nil then return nil end
  return length == 0 and redis.call('EXISTS', key) == 0
end

-- Fields of a hash, any number of them (an unpack of 8,000 raised in a trial); nil when it is no hash. A missing field is false.
local function fields_of(key, names)
  local values = {}
  for first = 1, #names, 1000 do
    local part = redis.pcall('HMGET', key, unpack(names, first, math.min(first + 999, #names)))
    if part.err then return nil end
    for i = 1, #part do values[first + i - 1] = part[i] end
  end
  return values
end
