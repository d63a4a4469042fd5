import Glibc

/// `PurePath plain|others COUNT`: takes so many events through the hub's computations, for callgrind to count.
func run() throws -> Int32 {
    let words = CommandLine.arguments
    guard words.count == 3, let form = EventForm(rawValue: words[1]), let count = Int(words[2]), count > 0 else {
        print("PurePath plain|others COUNT")
        return 64
    }
    var path = try PurePath()
    try path.take(count, form.template)
    // What is printed cannot be left out by the compiler.
    print("\(count) events, \(path.byteCount) bytes for clients, seq \(path.seq)")
    return path.seq == UInt64(count) ? 0 : 70
}

exit(try run())
