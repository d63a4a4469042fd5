internal import WSQueueCore

/// What Redis carries out for the nodes in one piece, because it depends on what is there: Lua.
///
/// The state of each key stands in a hash beside the stream: the field is the channel, a zero byte and the key
/// (``StreamKept``). A few fields have no zero byte: the empty one is how many bytes all take and how many are no marks,
/// `?` stands where keys are missing that are too many to be named, `!` is how far it was looked for what has ended,
/// `@` is the numbering whose first node has put back what was known before, and `~` with a number below 1,024 is one of the
/// last entries that have ended the state of a key, so that a node does not put back what was ended since Redis lost data.
package enum StreamScripts {
    /// Appends an event with a key to the stream (the first key), and makes it the state of its key (in the second).
    ///
    /// Arguments: the most fields and bytes, 1 where it ends the state, when it ends by itself (Unix microseconds, 0 is
    /// never), the event's members `e`, `i`, `t`, `o`, and its fields. Answers with the entry's id, as XADD does. Whatever
    /// becomes of the state, the event is appended.
    package static let append = """
        local state, most, mostBytes = KEYS[2], tonumber(ARGV[1]), tonumber(ARGV[2])
        local sums = redis.pcall('HGET', state, '')
        local id = redis.call('XADD', KEYS[1], '0-*', 'e', ARGV[5], 'i', ARGV[6], 't', ARGV[7], 'o', ARGV[8], 'k', '1')
        if type(sums) == 'table' then return id end
        local bytes, kept = string.match(sums or '0 0', '^(%d+) (%d+)')
        bytes, kept = tonumber(bytes or '0'), tonumber(kept or '0')
        local seq = string.sub(id, 3)
        local value = seq .. ' ' .. ARGV[4] .. ' e ' .. #ARGV[7] .. ' ' .. #ARGV[8] .. ' ' .. #ARGV[6] .. ' '
            .. ARGV[7] .. ARGV[8] .. ARGV[6] .. ARGV[5]
        local mark = seq .. ' ' .. ARGV[4] .. ' -'
        local function remove(field, before)
            before = before or redis.call('HGET', state, field)
            if not before then return end
            redis.call('HDEL', state, field)
            bytes = bytes - #before - #field - 64
            if string.sub(before, -2) ~= ' -' then kept = kept - 1 end
        end
        local function hasRoom(field)
            return kept < most and bytes + #value + #field + 64 <= mostBytes
        end
        local hasSwept, ended = false, ''
        local function sweep()
            if hasSwept then return end
            hasSwept = true
            local time = redis.call('TIME')
            local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
            local found = redis.call('HSCAN', state, redis.call('HGET', state, '!') or '0', 'COUNT', 100)
            redis.call('HSET', state, '!', found[1])
            for n = 1, #found[2], 2 do
                local expires = tonumber(string.match(found[2][n + 1], '^%d+ (%d+) ') or '0')
                if expires > 0 and expires <= now then remove(found[2][n], found[2][n + 1]) end
            end
        end
        for n = 9, #ARGV do
            local field = ARGV[n]
            remove(field)
            if ARGV[3] == '0' then
                if not hasRoom(field) then sweep() end
                if hasRoom(field) then
                    redis.call('HSET', state, field, value)
                    bytes, kept = bytes + #value + #field + 64, kept + 1
                elseif redis.call('HLEN', state) - kept < 65536 and bytes + #mark + #field + 64 <= mostBytes + 8388608 then
                    redis.call('HSET', state, field, mark)
                    bytes = bytes + #mark + #field + 64
                else
                    redis.call('HSET', state, '?', '1')
                end
            else
                local kind = #value > 4096 and mark or value
                ended = ended .. '+' .. #field .. ' ' .. #kind .. ' ' .. field .. kind
            end
        end
        if ended ~= '' then redis.call('HSET', state, '~' .. tonumber(seq) % 1024, ended) end
        redis.call('HSET', state, '', string.format('%.0f %.0f', bytes, kept))
        return id
        """

    /// Notes (in the second key) which files' events a transaction has put into the stream (the first), unless Redis has
    /// refused them: a transaction goes on behind a command that is refused.
    ///
    /// Arguments: the last event's id, and the note.
    package static let note = """
        local last = redis.pcall('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
        if last.err or not last[1] or last[1][2][4] ~= ARGV[1] then
            return redis.error_reply('ERR the events were refused')
        end
        return redis.call('SET', KEYS[2], ARGV[2])
        """

    /// Removes the oldest entries of the stream (the first key) and notes beside it (in the second) for whom they were,
    /// unless more is gone already, or the numbering has another name (in the third).
    ///
    /// Arguments: the numbering's name, up to which number, the first id that stays, and what is noted. Where there is no
    /// memory for the note, the entries go all the same.
    package static let trim = """
        if redis.call('GET', KEYS[3]) ~= ARGV[1] then return 0 end
        local before = string.match(redis.call('GET', KEYS[2]) or '', '^%d+') or '0'
        if tonumber(before) >= tonumber(ARGV[2]) then return 0 end
        redis.pcall('SET', KEYS[2], ARGV[2] .. ' ' .. ARGV[4])
        return redis.call('XTRIM', KEYS[1], 'MINID', '=', ARGV[3])
        """

    /// Puts what a node knows of the state in the place of what is there (in the first key), under the numbering's name (in
    /// the second).
    ///
    /// Arguments: the name that it must have; 1 where this is what was known before it, which is taken once; the most
    /// bytes; and in threes a field, a condition and the value, of which nothing ends the state. The condition is `=` and
    /// the first word of the value that must be there, `!` and a number: nothing must be there, and no entry after it have
    /// ended the state; or `<` and a number, than which the value must be older.
    package static let correct = """
        local state, mostBytes = KEYS[1], tonumber(ARGV[3])
        if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
        if ARGV[2] == '1' then
            if redis.call('HGET', state, '@') == ARGV[1] then return 0 end
            redis.call('HSET', state, '@', ARGV[1])
        end
        local bytes, kept, ended, all = 0, 0, {}, redis.call('HGETALL', state)
        for n = 1, #all, 2 do
            if string.find(all[n], '%z') then
                bytes = bytes + #all[n] + #all[n + 1] + 64
                if string.sub(all[n + 1], -2) ~= ' -' then kept = kept + 1 end
            elseif string.sub(all[n], 1, 1) == '~' then
                local at, gone = 1, all[n + 1]
                while true do
                    local _, stop, length, rest = string.find(gone, '^%+(%d+) (%d+) ', at)
                    if not stop then break end
                    local field = string.sub(gone, stop + 1, stop + length)
                    local number = tonumber(string.match(gone, '^%d+', stop + 1 + length) or '0')
                    ended[field] = math.max(ended[field] or 0, number)
                    at = stop + 1 + length + rest
                end
            end
        end
        for n = 4, #ARGV, 3 do
            local field, condition, value = ARGV[n], ARGV[n + 1], ARGV[n + 2]
            local before = redis.call('HGET', state, field)
            local number = before and string.match(before, '^%d+') or ''
            local fits
            if string.sub(condition, 1, 1) == '=' then
                fits = number == string.sub(condition, 2)
            elseif string.sub(condition, 1, 1) == '!' then
                fits = not before and (ended[field] or 0) <= tonumber(string.sub(condition, 2))
            else
                fits = tonumber(number == '' and '0' or number) < tonumber(string.sub(condition, 2))
            end
            if fits then
                if before then
                    redis.call('HDEL', state, field)
                    bytes = bytes - #before - #field - 64
                    if string.sub(before, -2) ~= ' -' then kept = kept - 1 end
                end
                if value ~= '' then
                    if bytes + #value + #field + 64 > mostBytes then
                        redis.call('HSET', state, '?', '1')
                    else
                        redis.call('HSET', state, field, value)
                        bytes = bytes + #value + #field + 64
                        if string.sub(value, -2) ~= ' -' then kept = kept + 1 end
                    end
                end
            end
        end
        redis.call('HSET', state, '', string.format('%.0f %.0f', bytes, kept))
        return 1
        """

    /// All fields of the state, or, where they are more than an answer may have (the argument, bytes), that it is not known.
    static let read = """
        local bytes = tonumber(string.match(redis.call('HGET', KEYS[1], '') or '', '^%d+') or '0')
        if bytes > tonumber(ARGV[1]) then return {'?', '1', '@', redis.call('HGET', KEYS[1], '@') or ''} end
        return redis.call('HGETALL', KEYS[1])
        """

    /// What a script is called (EVALSHA): the SHA-1 of its text, in hexadecimal digits.
    package static func name(_ script: String) -> String {
        let digits = Array("0123456789abcdef".utf8)
        let digest = SHA1.digest(Array(script.utf8).span)
        return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// The state may take so many bytes: all of it is read in one answer, which has a limit (``RESPLimits``).
    static let stateLimitBytes = 40 * 1_048_576
}
