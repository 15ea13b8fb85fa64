-- SPDX-License-Identifier: GPL-2.0-or-later
--
-- Wireshark's view of zcsync-protocol(7). Copy it to ~/.local/lib/wireshark/plugins, or
--
--     tshark -X lua_script:zcsync.lua -r FILE -Y zcsync
--
-- It knows a connection by the first bytes of HELLO, on any port. Of one that is sealed
-- it shows HELLO, the handshake and the lengths of records; of one in plain all frames,
-- with the fields that each begins with. The raw bytes that follow DATA belong to no
-- frame, so each packet has to be taken from where the one before has left off: what is
-- due at the beginning of each is remembered when it is seen first.

local zcsync = Proto("zcsync", "zcsync file replication")
local f = zcsync.fields
f.role = ProtoField.uint32("zcsync.role", "Role", base.DEC,
                           {[1] = "sender", [2] = "receiver"})
f.version = ProtoField.uint16("zcsync.version", "Version")
f.features = ProtoField.uint64("zcsync.features", "Features", base.HEX)
f.security = ProtoField.uint8("zcsync.security", "Security", base.HEX)
f.length = ProtoField.uint32("zcsync.length", "Length of the body")
f.flags = ProtoField.uint16("zcsync.flags", "Flags")
f.seq = ProtoField.uint64("zcsync.seq", "Sequence number")
f.raw = ProtoField.bytes("zcsync.raw", "Raw bytes of a file")
f.record = ProtoField.uint16("zcsync.record", "Sealed, bytes")
f.number = ProtoField.uint64("zcsync.number", "Number")
f.ref = ProtoField.string("zcsync.ref", "Reference")
f.text = ProtoField.string("zcsync.text", "Text")
f.rest = ProtoField.bytes("zcsync.rest", "The rest")

local HELLO, HEADER, DATA, BODY_MAX = 32, 16, 5, 524288
local MAGIC = ByteArray.new("7a6373796e630d0a")

-- What each message is called, and what it begins with: the names of fields and how
-- they are written (numbers of that many bytes, a reference, or text with a length).
local message = {
    [1] = {"OPEN", {"flags", 4}, {"keep", 4}, {"fsync", 1}, {"timeout", 4},
           {"max_delete", 8}, {"share", "str16"}, {"path", "str16"},
           {"name", "str16"}},
    [2] = {"IDNAME", {"kind", 1}, {"id", 4}, {"name", "str16"}},
    [3] = {"LIST", {"list", 4}, {"directory", "ref"}, {"flags", 2}, {"count", 4},
           {"after", "str16"}},
    [4] = {"FILE", {"of", "ref"}, {"flags", 2}},
    [5] = {"DATA", {"of", "ref"}, {"offset", 8}, {"length", 8}},
    [6] = {"SENT", {"of", "ref"}},
    [7] = {"END", {"of", "ref"}, {"verdict", 1}, {"errno", 4}},
    [8] = {"META", {"of", "ref"}, {"flags", 2}},
    [9] = {"DONE", {"flags", 1}},
    [10] = {"AT"},
    [11] = {"RENAME"},
    [12] = {"ITEM"},
    [13] = {"TROUBLE"},
    [14] = {"STATS"},
    [15] = {"VERDICT"},
    [16] = {"SHARE"},
    [17] = {"ASK"},
    [18] = {"COPY", {"of", "ref"}, {"offset", 8}, {"length", 8}, {"from", 8}},
    [19] = {"PATCH", {"of", "ref"}, {"offset", 8}},
    [20] = {"OPENED"},
    [21] = {"NEED", {"list", 4}, {"flags", 2}, {"count", 4}},
    [22] = {"GOT", {"of", "ref"}},
    [23] = {"RESULT", {"count", 4}},
    [24] = {"NOTE", {"operation", 1}, {"mode", 4}, {"errno", 4}, {"path", "str32"}},
    [25] = {"FINISHED", {"code", 1}, {"flags", 1}, {"created", 8}, {"deleted", 8},
            {"text", "str16"}},
    [26] = {"LOOK"},
    [27] = {"SUMS"},
    [28] = {"DIGEST", {"seed", 8}, {"keep", 4}, {"time_step", 4}, {"flags", 2}},
    [29] = {"BYTES", {"of", "ref"}, {"errno", 4}},
    [40] = {"ERROR", {"code", 1}, {"text", "str16"}},
    [41] = {"PING"},
}
local names = {}
for type, m in pairs(message) do names[type] = m[1] end
f.type = ProtoField.uint16("zcsync.type", "Type", base.DEC, names)

local stream_of = Field.new("tcp.stream")
local connections, due -- by stream; by packet and what of it is looked at

function zcsync.init()
    connections, due = {}, {}
end

-- The fields of a body, as far as they are known and there.
local function body(m, tvb, tree)
    local at = 0
    for i = 2, #m do
        local name, kind = m[i][1], m[i][2]
        local left = tvb:len() - at
        if type(kind) == "number" then
            if left < kind then return end
            local range = tvb(at, kind)
            local value = kind == 8 and range:le_uint64() or range:le_uint()
            tree:add(f.number, range, kind == 8 and value or UInt64(value))
                :set_text(name .. ": " .. tostring(value))
            at = at + kind
        elseif kind == "ref" then
            if left < 8 then return end
            local list, index = tvb(at, 4):le_uint(), tvb(at + 4, 4):le_uint()
            local text = list .. "." .. index
            tree:add(f.ref, tvb(at, 8), text):set_text(name .. ": " .. text)
            at = at + 8
        else
            local head = kind == "str16" and 2 or 4
            if left < head then return end
            local n = tvb(at, head):le_uint()
            if left - head < n then return end
            local text = n > 0 and tvb(at + head, n):string() or ""
            tree:add(f.text, tvb(at, head + n), text):set_text(name .. ": " .. text)
            at = at + head + n
        end
    end
    if at < tvb:len() then tree:add(f.rest, tvb(at)) end
end

-- Each of these takes what is due from TVB at AT: the bytes that it was, or nil where
-- more have to come first, and what it is to be called.

local function hello(end_, both, tvb, at, tree)
    if tvb:len() - at < HELLO then return nil end
    local sub = tree:add(zcsync, tvb(at, HELLO), "zcsync HELLO")
    sub:add_le(f.version, tvb(at + 8, 2))
    sub:add_le(f.role, tvb(at + 12, 4))
    sub:add_le(f.features, tvb(at + 16, 8))
    sub:add(f.security, tvb(at + 24, 1))
    end_.greeted = true
    both.security[end_.side] = tvb(at + 24, 1):uint()
    return HELLO, "HELLO"
end

local function record(tvb, at, tree)
    if tvb:len() - at < 2 then return nil end
    local n = 2 + tvb(at, 2):uint()
    if tvb:len() - at < n then return nil end
    tree:add(zcsync, tvb(at, n), "zcsync, sealed"):add(f.record, tvb(at, 2))
    return n, "sealed"
end

local function raw(end_, tvb, at, tree)
    local n = math.min(end_.raw, tvb:len() - at)
    tree:add(zcsync, tvb(at, n), "zcsync, raw bytes"):add(f.raw, tvb(at, n))
    end_.raw = end_.raw - n
    return n, "bytes"
end

local function frame(end_, tvb, at, tree)
    if tvb:len() - at < HEADER then return nil end
    local length, type = tvb(at, 4):le_uint(), tvb(at + 4, 2):le_uint()
    if length > BODY_MAX then return tvb:len() - at, "no frame" end
    if tvb:len() - at < HEADER + length then return nil end
    local m = message[type] or {"unknown"}
    local sub = tree:add(zcsync, tvb(at, HEADER + length), "zcsync " .. m[1])
    sub:add_le(f.length, tvb(at, 4))
    sub:add_le(f.type, tvb(at + 4, 2))
    sub:add_le(f.flags, tvb(at + 6, 2))
    sub:add_le(f.seq, tvb(at + 8, 8))
    if length > 0 then body(m, tvb(at + HEADER, length):tvb(), sub) end
    if type == DATA and length >= 24 then
        end_.raw = tvb(at + HEADER + 16, 8):le_uint64():tonumber()
    end
    return HEADER + length, m[1]
end

local function has(bits, bit)
    return bits and bits % (2 * bit) >= bit
end

-- Both have said that they can do it by the same cipher.
local function sealed(both)
    local a, b = both.security[1], both.security[2]
    return has(a, 2) and has(b, 2) or has(a, 1) and has(b, 1)
end

-- The end of its connection that PINFO's packet comes from.
local function connection(pinfo)
    local stream = stream_of().value
    local both = connections[stream]
    if not both then
        both = {security = {}, first = tostring(pinfo.src) .. ":" .. pinfo.src_port,
                ends = {{side = 1, raw = 0}, {side = 2, raw = 0}}}
        connections[stream] = both
    end
    local from = tostring(pinfo.src) .. ":" .. pinfo.src_port
    return both, both.ends[from == both.first and 1 or 2]
end

function zcsync.dissector(tvb, pinfo, tree)
    local both, end_ = connection(pinfo)
    local key = pinfo.number .. ":" .. tvb:offset() .. ":" .. tvb:len()
    if pinfo.visited and due[key] then
        end_ = {side = end_.side, greeted = due[key].greeted, raw = due[key].raw}
    else
        due[key] = {greeted = end_.greeted, raw = end_.raw}
    end
    pinfo.cols.protocol = "zcsync"
    local at, said = 0, {}
    while at < tvb:len() do
        local n, what
        if not end_.greeted then n, what = hello(end_, both, tvb, at, tree)
        elseif end_.raw > 0 then n, what = raw(end_, tvb, at, tree)
        elseif sealed(both) then n, what = record(tvb, at, tree)
        else n, what = frame(end_, tvb, at, tree) end
        if not n then
            pinfo.desegment_offset = at
            pinfo.desegment_len = DESEGMENT_ONE_MORE_SEGMENT
            break
        end
        at = at + n
        said[#said + 1] = what
    end
    if #said > 0 then pinfo.cols.info = table.concat(said, ", ") end
    return tvb:len()
end

zcsync:register_heuristic("tcp", function(tvb, pinfo, tree)
    if tvb:len() < 8 or tvb(0, 8):bytes() ~= MAGIC then return false end
    pinfo.conversation = zcsync
    zcsync.dissector(tvb, pinfo, tree)
    return true
end)
