-- What interpreters do all day, of our own: tables, strings, closures, coroutines, floats. usage: lua work.lua N
local n = tonumber(arg and arg[1]) or 1
local sum = 0

local seed = 42
local function random(limit)
  seed = (seed * 1103515245 + 12345) % 2147483648
  return seed // 65536 % limit + 1
end

-- Tables: arrays sorted by a closure, a hash counted into, a queue.
local function tables()
  local list, counts = {}, {}
  for i = 1, 2000 do list[i] = random(5000) end
  table.sort(list, function(a, b) return a > b end)
  for i = 1, #list do counts[list[i] % 97] = (counts[list[i] % 97] or 0) + i end
  local keys = {}
  for k in pairs(counts) do keys[#keys + 1] = k end
  table.sort(keys)
  local total = 0
  for i, k in ipairs(keys) do total = (total * 31 + counts[k] + i) % 1000003 end
  return total
end

-- Strings: formatted, split, joined, replaced, searched by patterns.
local function strings()
  local parts = {}
  for i = 1, 300 do parts[i] = string.format("key%03d=%s", i, ("ab"):rep(random(5))) end
  local text = table.concat(parts, ";")
  local found, size = 0, 0
  for k, v in text:gmatch("(key%d+)=(%a+)") do
    found = found + tonumber(k:sub(4))
    size = size + #v:upper():gsub("A", "xyz")
  end
  return (found * 7 + size + (text:find("key300", 1, true) or 0)) % 1000003
end

-- Closures: composed, curried, called through tables; and a coroutine that makes what they take.
local function closures()
  local function compose(f, g) return function(x) return g(f(x)) end end
  local f = function(x) return x + 1 end
  for i = 1, 10 do f = compose(f, function(x) return (x * 3 + i) % 65537 end) end
  local source = coroutine.wrap(function() for i = 1, 1500 do coroutine.yield(i) end end)
  local total = 0
  for x in source do total = (total + f(x)) % 1000003 end
  return total
end

-- Objects: methods found through two metatables.
local Shape = {}
Shape.__index = Shape
function Shape:grow(by) self.size = (self.size + by) % 1009 end
local Square = setmetatable({}, { __index = Shape })
Square.__index = Square
function Square:area() return self.size * self.size end
local function objects()
  local total, square = 0, setmetatable({ size = 3 }, Square)
  for i = 1, 5000 do
    square:grow(i)
    total = (total + square:area()) % 1000003
  end
  return total
end

-- Floats: a Mandelbrot set and a little linear algebra.
local function floats()
  local inside = 0
  for row = 0, 23 do
    for column = 0, 31 do
      local a, b, x, y, k = column / 16 - 1.5, row / 12 - 1, 0.0, 0.0, 0
      while k < 50 and x * x + y * y < 4 do
        x, y = x * x - y * y + a, 2 * x * y + b
        k = k + 1
      end
      inside = inside + k
    end
  end
  return inside
end

for _ = 1, n do
  for _, part in ipairs { tables, strings, closures, objects, floats } do
    sum = (sum * 31 + part()) % 2147483647
  end
end
print(string.format("%08x", sum))
