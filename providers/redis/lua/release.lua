#!lua flags=allow-oom
-- Gives shards back. The epoch stays, so that the next token differs.
-- KEYS  leases
-- ARGV  tokens
-- returns  how many were held by these tokens
-- include: check
local held = {}
for i, key in ipairs(KEYS) do
  local token = redis.pcall('HGET', key, 'token')
  if type(token) == 'table' then return refuse('wrong_type', key) end
  if token == ARGV[i] and string.match(token, '^%d+:.') then held[#held + 1] = { key, string.match(token, '^%d+:') } end
end
-- write
for _, lease in ipairs(held) do redis.call('HSET', lease[1], 'owner', '', 'token', lease[2], 'expires', '0') end
return #held
