-- Takes a place for a request, if its tenant has one left and keeps its rate.
-- KEYS: the rate, the places, what clients have left behind. ARGV: microseconds from one request to the next (0: any
-- rate), how many places there are, milliseconds of a lease, the request's name.
-- Answers {0, 0}: taken; {1, microseconds to wait}: too fast; {2, 0}: no place.
-- The clock is the store's: those of the replicas differ.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
-- Not as Lua writes numbers, in 14 digits.
local function written(number)
    return string.format('%.0f', number)
end
local step = tonumber(ARGV[1])
local due = now
if step > 0 then
    local before = tonumber(redis.call('GET', KEYS[1]) or '0') or 0
    -- None is further ahead than this when it is written: the clock was set back.
    if before > now + 1000000 then
        before = now
    end
    due = math.max(before, now) + step
    if due - now > 1000000 then
        return {1, due - now - 1000000}
    end
end
local most = tonumber(ARGV[2])
for place = 2, 3 do
    redis.call('ZREMRANGEBYSCORE', KEYS[place], '-inf', written(now))
    if redis.call('ZCARD', KEYS[place]) >= most then
        return {2, 0}
    end
end
if step > 0 then
    redis.call('SET', KEYS[1], written(due), 'PX', 2000)
end
local lease = tonumber(ARGV[3])
redis.call('ZADD', KEYS[2], written(now + lease * 1000), ARGV[4])
if redis.call('PTTL', KEYS[2]) < lease then
    redis.call('PEXPIRE', KEYS[2], lease)
end
return {0, 0}
