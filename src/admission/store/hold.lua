-- Holds a request's name among the places, or among what clients have left behind, from now on for so long.
-- KEYS: where. ARGV: milliseconds, the request's name.
local time = redis.call('TIME')
local milliseconds = tonumber(ARGV[1])
local ends = time[1] * 1000000 + time[2] + milliseconds * 1000
redis.call('ZADD', KEYS[1], string.format('%.0f', ends), ARGV[2])
if redis.call('PTTL', KEYS[1]) < milliseconds then
    redis.call('PEXPIRE', KEYS[1], milliseconds)
end
return 0
