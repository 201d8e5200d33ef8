-- With THINK_MS, each connection waits before each request for a random time, exponentially distributed with
-- that mean. wrk waits whole milliseconds: rounded up or down at random, so that the mean is kept.
local think = tonumber(os.getenv('THINK_MS') or '0')

if think > 0 then
  function delay()
    return math.floor(-math.log(1 - math.random()) * think + math.random())
  end
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format('\n{"requests":%d,"durationUs":%d,"failed":%d,"p50Us":%d,"p99Us":%d}\n',
    summary.requests, summary.duration, failed, latency:percentile(50), latency:percentile(99)))
end
