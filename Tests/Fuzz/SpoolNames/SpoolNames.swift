import WSQueueSpool

/// Names have one total order, whatever their bytes, and nothing in them traps.
///
/// The input is up to three names with a slash between them, the one byte that no name holds.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSpoolNames(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    let names = input.split(separator: UInt8(ascii: "/")).prefix(3).map { Array($0) }
    for name in names { check(SpoolName(name.span), of: name) }
    for first in names {
        precondition(!precedes(first, first), "a name before itself")
        for second in names where first != second {
            precondition(precedes(first, second) != precedes(second, first), "both ways, or neither")
            for third in names where precedes(first, second) && precedes(second, third) {
                precondition(precedes(first, third), "a circle")
            }
        }
    }
    return 0
}

private func check(_ parsed: SpoolName, of name: [UInt8]) {
    let place = order(of: name)
    precondition((0...name.count).contains(place.restStart), "a rest that begins outside the name")
    switch parsed.kind {
    case .event: precondition(name.suffix(5) == Array(".json".utf8) && parsed.stemCount == name.count - 5)
    case .batch: precondition(name.suffix(6) == Array(".jsonl".utf8) && parsed.stemCount == name.count - 6)
    case .hidden: precondition(name.first == UInt8(ascii: "."))
    case .other: precondition(parsed.stemCount == name.count)
    }
    if let time = parsed.timeNanoseconds { precondition(time >= 0 && place.isNamed, "a time from no digits") }
    if parsed.isUsedOnce { precondition(parsed.timeNanoseconds != nil, "a form without a time") }
}

private func precedes(_ first: [UInt8], _ second: [UInt8]) -> Bool {
    order(of: first).precedes(order(of: second), name: first.span, otherName: second.span)
}

/// A name without a time has the file's mtime; here every such file has the same.
private func order(of name: [UInt8]) -> SpoolOrder {
    SpoolName(name.span).order(of: name.span, modifiedNanoseconds: 1_729_000_000_000_000_000)
}
