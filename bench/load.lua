-- Repeats a request, or rotates through bodies from files; arguments: first counter, content type, files …
-- Every "@@@@@@@@@@@@@" in a body becomes a number of 13 digits, another one in each request.
local bodies, count, sent, headers = {}, 0, 0, {}

function init(args)
  sent = tonumber(args[1]) or 0
  headers["Content-Type"] = args[2]
  for i = 3, #args do
    local file = assert(io.open(args[i], "rb"))
    local text, parts, from = file:read("*a"), {}, 1
    file:close()
    while true do
      local first, last = text:find("@@@@@@@@@@@@@", from, true)
      parts[#parts + 1] = text:sub(from, (first or 0) - 1)
      if not first then break end
      from = last + 1
    end
    count = count + 1
    bodies[count] = parts
  end
end

function request()
  if count == 0 then return wrk.format("GET") end
  sent = sent + 1
  local body = table.concat(bodies[sent % count + 1], string.format("%013d", sent))
  return wrk.format("POST", nil, headers, body)
end

function done(summary)
  local e = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "microseconds": %d, "errors": {"status": %d, "connect": %d, "read": %d, "write": %d, "timeout": %d}}\n',
    summary.requests, summary.duration, e.status, e.connect, e.read, e.write, e.timeout))
end
