-- One subject under load: requests drawn at random from a file, each from another client; prints one line of JSON.
-- arguments: FILE METHOD [Header: value]...; a line of FILE is a path, or a path, a tab and the request's ETag or body.
local requests, printed = {}, false

function init(args)
  math.randomseed(os.time())
  local headers = {["Connection"] = "keep-alive"}
  for i = 3, #args do
    local name, value = args[i]:match("^([^:]+): (.*)$")
    headers[name] = value
  end
  for line in io.lines(args[1]) do
    local path, more = line:match("^([^\t]+)\t?(.*)$")
    -- The throttles must do their work and refuse nobody: every request comes from another address.
    headers["X-Forwarded-For"] = string.format(
      "10.%d.%d.%d", math.random(0, 255), math.random(0, 255), math.random(1, 254))
    if args[2] == "POST" then
      requests[#requests + 1] = wrk.format("POST", path, headers, more)
    else
      headers["If-None-Match"] = more ~= "" and more or nil
      requests[#requests + 1] = wrk.format("GET", path, headers)
    end
  end
end

function request()
  return requests[math.random(#requests)]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"microseconds":%d,"p50":%d,"p95":%d,"p99":%d,"failed":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(95), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
