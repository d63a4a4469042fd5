import WSQueueOperation

/// Whatever comes into a line from outside, it stays one line of the form that is promised: at most 4,096 bytes of UTF-8,
/// without a control character before its end, and with the pairs that were put in and no others.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzLogLines(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    // Values with NUL between them, as a file's or an event's name, a header or a reason may be.
    let values = bytes.split(separator: 0, omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
    var line = LogLine(.warning, "client.denied")
    for (index, value) in values.enumerated() {
        line = line.with(index.isMultiple(of: 2) ? "reason" : "file", value).with("n", index)
    }
    check(line.bytes(.text, now: Int64(count)), beginsWith: "ts=1970-01-01T00:00:00.00", values)
    check(line.bytes(.journal, now: 0), beginsWith: "<4>ev=client.denied", values)
    let json = check(line.bytes(.json, now: 0), beginsWith: "{\"ts\":\"1970-01-01T00:00:00.000Z\",", values)
    precondition(json.last == UInt8(ascii: "}"))
    return 0
}

@discardableResult
private func check(_ line: [UInt8], beginsWith start: String, _ values: [String]) -> ArraySlice<UInt8> {
    precondition(line.count <= 4_096 && line.last == UInt8(ascii: "\n"))
    let text = line.dropLast()
    precondition(text.starts(with: start.utf8))
    precondition(!text.contains { $0 < 0x20 || $0 == 0x7F }, "a control character")
    precondition(String(validating: text, as: UTF8.self) != nil, "no UTF-8")
    // Outside of quotation marks there are only our own words.
    var isQuoted = false
    var isEscaped = false
    var names = 0
    for byte in text {
        if isEscaped {
            isEscaped = false
        } else if isQuoted, byte == UInt8(ascii: "\\") {
            isEscaped = true
        } else if byte == UInt8(ascii: "\"") {
            isQuoted.toggle()
        } else if !isQuoted, byte == UInt8(ascii: "=") {
            names += 1
        }
    }
    precondition(!isQuoted && !isEscaped, "a quotation mark is open")
    precondition(names <= 3 + 2 * values.count, "a pair that nobody has put in")
    return text
}
