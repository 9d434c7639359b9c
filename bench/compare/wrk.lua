-- Sends the requests of a file, one after the other and over again. Each thread has a file of its own. All is made
-- beforehand, so that sending costs next to nothing.

local threads = 0

function setup(thread)
  thread:set("part", threads)
  threads = threads + 1
end

local requests, sent = {}, 0

function init(args)
  local file = assert(io.open(args[1] .. part, "rb"))
  while true do
    local length = file:read("*n")
    if not length then break end
    file:read(1)
    requests[#requests + 1] = file:read(length)
  end
  file:close()
end

function request()
  sent = sent % #requests + 1
  return requests[sent]
end

function done(summary, latency)
  local e = summary.errors
  print(string.format("sample %d %d %d %d %d %d", summary.requests, summary.duration, summary.bytes,
    e.connect + e.read + e.write + e.timeout + e.status, latency:percentile(50), latency:percentile(99)))
end
