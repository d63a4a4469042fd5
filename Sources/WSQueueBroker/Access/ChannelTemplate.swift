/// A pattern of channel names in a rule: `order.{id}`, `room.{n:\d+}[.{part}]` (SPEC §4, rules).
///
/// `{name}` takes one or more characters but `.` and `/`; `{name:EXPRESSION}` what the expression takes, which knows
/// characters, `.` for any, `\d \w \D \W`, sets `[a-z]` and `[^a-z]`, `+ * ? {n} {n,} {n,m}` and `|`, and nothing else;
/// `[…]` may be there or not; the rest stands for itself. The whole name must match.
///
/// However a template is made, matching takes at most its size times the name's length: no place of it is tried twice at
/// the same place of the name.
package struct ChannelTemplate: Equatable, Sendable {
    /// A step of the machine that reads names.
    enum Step: Equatable, Sendable {
        /// Takes one character of a set.
        case take(CharacterSet)
        /// Goes on at the first step, or else at the other.
        case split(Int, Int)
        case jump(Int)
        /// What a capture takes begins or ends here.
        case begin(Int)
        case end(Int)
        case match
    }

    /// As it was written.
    package let text: String
    /// The names of its captures, in order.
    package let names: [String]
    private let steps: [Step]

    /// Reads a template.
    ///
    /// - Parameter isPath: Whether it is of a request's path, where slashes stand for themselves.
    /// - Throws: ``TemplateFault``.
    package init(_ text: String, isPath: Bool = false) throws(TemplateFault) {
        var compiler = TemplateCompiler(text, isPath: isPath)
        try compiler.compile()
        self.text = text
        names = compiler.names
        steps = compiler.steps
    }

    /// Matches what has no name: the events without a channel.
    package static let channelless = ChannelTemplate()

    private init() {
        text = ""
        names = []
        steps = [.match]
    }

    /// What the captures take of a channel's name; `nil` where it does not match.
    package func captures(of channel: String) -> [String: String]? {
        let bytes = Array(channel.utf8)
        guard let ranges = match(bytes) else { return nil }
        var captures: [String: String] = [:]
        for (name, range) in zip(names, ranges) where !range.isEmpty {
            captures[name] = String(decoding: bytes[range], as: UTF8.self)
        }
        return captures
    }

    private struct Thread {
        var step: Int
        var position: Int
        var ranges: [Range<Int>]
    }

    /// Tries what was preferred first, and keeps what is left to try on a stack of its own.
    private func match(_ bytes: [UInt8]) -> [Range<Int>]? {
        var tried = [Bool](repeating: false, count: steps.count * (bytes.count + 1))
        var stack = [Thread(step: 0, position: 0, ranges: Array(repeating: 0..<0, count: names.count))]
        while var thread = stack.popLast() {
            search: while true {
                let place = thread.step * (bytes.count + 1) + thread.position
                guard !tried[place] else { break }
                tried[place] = true
                switch steps[thread.step] {
                case .take(let set):
                    guard thread.position < bytes.count, set.contains(bytes[thread.position]) else { break search }
                    thread.position += 1
                    thread.step += 1
                case .split(let first, let second):
                    var other = thread
                    other.step = second
                    stack.append(other)
                    thread.step = first
                case .jump(let step): thread.step = step
                case .begin(let index):
                    thread.ranges[index] = thread.position..<thread.position
                    thread.step += 1
                case .end(let index):
                    thread.ranges[index] = thread.ranges[index].lowerBound..<thread.position
                    thread.step += 1
                case .match:
                    guard thread.position == bytes.count else { break search }
                    return thread.ranges
                }
            }
        }
        return nil
    }
}

/// Why a template cannot be read.
package struct TemplateFault: Error, Equatable, Sendable {
    /// What is wrong and what is wanted.
    package let reason: String
    /// Where, in bytes from the template's start.
    package let offset: Int
}

/// Characters of ASCII.
struct CharacterSet: Equatable, Sendable {
    private var low: UInt64 = 0
    private var high: UInt64 = 0

    init() {}

    /// The characters of a text.
    init(_ characters: some Sequence<UInt8>) { for character in characters { insert(character) } }

    /// All that channel names are made of, and `/`.
    static let any = CharacterSet(0x21...0x7E)
    static let digits = CharacterSet(UInt8(ascii: "0")...UInt8(ascii: "9"))
    static let word: CharacterSet = {
        var set = digits
        for letter in UInt8(ascii: "a")...UInt8(ascii: "z") { set.insert(letter) }
        for letter in UInt8(ascii: "A")...UInt8(ascii: "Z") { set.insert(letter) }
        set.insert(UInt8(ascii: "_"))
        return set
    }()
    /// What a capture without an expression takes.
    static let segment: CharacterSet = {
        var set = any
        set.remove(UInt8(ascii: "."))
        set.remove(UInt8(ascii: "/"))
        return set
    }()

    mutating func insert(_ character: UInt8) {
        if character < 64 {
            low |= 1 << UInt64(character)
        } else if character < 128 {
            high |= 1 << UInt64(character - 64)
        }
    }

    mutating func remove(_ character: UInt8) {
        if character < 64 { low &= ~(1 << UInt64(character)) } else { high &= ~(1 << UInt64(character - 64)) }
    }

    mutating func formUnion(_ other: CharacterSet) {
        low |= other.low
        high |= other.high
    }

    var inverted: CharacterSet {
        var set = self
        set.low = ~low
        set.high = ~high
        return set
    }

    func contains(_ character: UInt8) -> Bool {
        if character < 64 { return low >> UInt64(character) & 1 == 1 }
        return character < 128 && high >> UInt64(character - 64) & 1 == 1
    }
}
