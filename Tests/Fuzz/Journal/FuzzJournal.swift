import WSQueueCore
import WSQueueLog
import WSQueueSystem

/// A record with any contents and a sound checksum is read without a trap, and written again as it was; and what has no
/// sound checksum is no record.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzJournal(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    check(input)
    check(littleEndian(UInt32(input.count)) + littleEndian(CRC32C.checksum(input.span)) + input)
    return 0
}

private func check(_ bytes: [UInt8]) {
    if let text = JournalRecordText.decode(bytes.span, at: 0, as: .first) {
        precondition(text.end <= bytes.count, "a record of the first format that ends elsewhere")
        _ = text.record(in: bytes.span)
    }
    guard let text = JournalRecordText.decode(bytes.span, at: 0) else { return }
    precondition(text.end <= bytes.count && text.message.upperBound == text.end, "a message that ends elsewhere")
    var again: [UInt8] = []
    text.record(in: bytes.span).append(to: &again, message: bytes.span.extracting(text.message))
    guard let second = JournalRecordText.decode(again.span, at: 0) else {
        preconditionFailure("what was written cannot be read")
    }
    precondition(second.record(in: again.span) == text.record(in: bytes.span), "another record")
    precondition(again[second.message] == bytes[text.message], "another message")
}

private func littleEndian(_ number: UInt32) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
}
