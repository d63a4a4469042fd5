import WSQueueCore
import WSQueueWire

/// What is read as an event is JSON, its members lie where they are said to lie, and nothing traps.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzJSON(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let isJSON = isValid(bytes)
    if isJSON { precondition(String(validating: bytes, as: UTF8.self) != nil, "JSON that is not UTF-8") }
    if let event = try? EventText.decode(bytes.span) {
        precondition(isJSON, "an event that is no JSON")
        checkMembers(of: event, in: bytes)
    }
    _ = try? ClientCommand.decode(bytes.span)
    checkRoundTrip(bytes)
    return 0
}

private func isValid(_ bytes: [UInt8]) -> Bool { (try? JSONScanner.validate(bytes.span)) != nil }

private func checkMembers(of event: EventText, in bytes: [UInt8]) {
    for range in [event.event, event.payload, event.timestamp, event.id].compactMap({ $0 }) {
        precondition(isValid(Array(bytes[range])), "a member that is no JSON by itself")
    }
    precondition(!event.eventName(in: bytes.span).text.isEmpty, "an event without a name")
    _ = event.idLabel(in: bytes.span)
}

/// Any text that is written as JSON is read as the same text.
private func checkRoundTrip(_ bytes: [UInt8]) {
    guard let text = String(validating: bytes, as: UTF8.self) else { return }
    var output: [UInt8] = []
    JSONWriter.write(text, into: &output)
    precondition(isValid(output), "a string that is no JSON")
    precondition(JSONString.decode(1..<output.count - 1, in: output.span) == bytes, "another text came back")
}
