-- Messages for shards of other slots, from ARGV `first` on: to, id, type, body, from, trace each. For the write half; `check` that the key is a stream.
-- The epoch is the token of the lease they were written under: within it the ids grow, whatever a failover takes back.
local function put_outgoing(key, epoch, outgoing)
  for i = 0, outgoing.count - 1 do
    local a = outgoing.first + i * 6
    redis.call('XADD', key, '*', 'epoch', epoch, 'to', ARGV[a], 'id', ARGV[a + 1], 'type', ARGV[a + 2], 'body', ARGV[a + 3], 'from', ARGV[a + 4], 'trace', ARGV[a + 5])
  end
end
