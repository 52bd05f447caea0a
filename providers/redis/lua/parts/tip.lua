-- A tip is "<last> <n> <chain> <snapshot> <rules>"; its first three words are the head. Without a tip the actor has never committed.
local NO_HEAD = '0-0 0 -'
local ENTRY_PART_DIGITS_MAX = 19

local function head_of(tip)
  return tip and string.match(tip, '^(%S+ %S+ %S+) %S+ %S+$') or NO_HEAD
end

local function snapshot_of(tip)
  return tip and string.match(tip, '^%S+ %S+ %S+ (%S+) %S+$') or '-'
end

-- last, n, chain of a head that Redis will take as an id and a count; nil otherwise.
local function parts_of(head)
  local ms, sequence, n, chain = string.match(head, '^(%d+)%-(%d+) (%d+) (%S+)$')
  if not ms or #ms > ENTRY_PART_DIGITS_MAX or #sequence > ENTRY_PART_DIGITS_MAX or #n > 15 then return nil end
  return ms .. '-' .. sequence, n, chain
end

-- The cursor alone; nil when the tip does not begin with one.
local function last_of(tip)
  if not tip then return '0-0' end
  return string.match(tip, '^(%d+%-%d+) ')
end

local function sound(tip)
  if not tip then return true end
  local ms, sequence, n = string.match(tip, '^(%d+)%-(%d+) (%d+) %S+ %S+ %d+$')
  return ms and #ms <= ENTRY_PART_DIGITS_MAX and #sequence <= ENTRY_PART_DIGITS_MAX and #n <= 15
end

-- Whether entry id a comes before b. Milliseconds and sequences of real clocks fit a double.
local function before(a, b)
  local ams, as = string.match(a, '^(%d+)%-(%d+)$')
  local bms, bs = string.match(b, '^(%d+)%-(%d+)$')
  ams, bms = tonumber(ams), tonumber(bms)
  if ams ~= bms then return ams < bms end
  return tonumber(as) < tonumber(bs)
end
