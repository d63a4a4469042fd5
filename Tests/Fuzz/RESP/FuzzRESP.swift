import WSQueueCore
import WSQueueWire

/// No bytes may stop the reader of a Redis server's answers, and where they are cut must not matter.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzRESP(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    for depth in 0...2 {
        precondition(
            read(bytes, depth: depth, step: 1) == read(bytes, depth: depth, step: max(1, count)),
            "replies that depend on where they were cut")
    }
    return 0
}

private func read(_ bytes: [UInt8], depth: Int, step: Int) -> [String] {
    var limits = RESPLimits()
    limits.replyBytes = 4_096
    var parser = RESPParser(limits: limits)
    parser.unpackedDepth = depth
    var parts: [String] = []
    for start in stride(from: 0, to: bytes.count, by: step) {
        parser.append(bytes.span.extracting(start..<min(start + step, bytes.count)))
        do {
            while let part = try parser.next() { parts.append("\(part)") }
        } catch {
            return parts + [error.reason]
        }
    }
    return parts
}
