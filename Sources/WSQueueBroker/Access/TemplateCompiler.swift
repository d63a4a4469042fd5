/// Makes the steps of a ``ChannelTemplate`` of its text.
struct TemplateCompiler {
    private(set) var steps: [ChannelTemplate.Step] = []
    private(set) var names: [String] = []
    private let bytes: [UInt8]
    private let isPath: Bool
    private var position = 0

    /// More steps than any rule needs: a count such as `{1000}` is written out.
    private static let stepLimit = 4_096
    private static let countLimit = 255

    init(_ text: String, isPath: Bool) {
        bytes = Array(text.utf8)
        self.isPath = isPath
    }

    mutating func compile() throws(TemplateFault) {
        guard !bytes.isEmpty else { throw fault("is empty; write the name of a channel, with {name} for what varies") }
        try compileSequence(depth: 0)
        steps.append(.match)
    }

    /// Literals, captures and optional parts, up to the end or to the bracket that closes this part.
    private mutating func compileSequence(depth: Int) throws(TemplateFault) {
        while let byte = peek {
            switch byte {
            case UInt8(ascii: "["):
                guard depth < 16 else { throw fault("has brackets too deep in brackets") }
                position += 1
                let split = steps.count
                steps.append(.jump(0))
                try compileSequence(depth: depth + 1)
                guard peek != nil else { throw fault("ends inside [ ]; write the ]") }
                position += 1
                steps[split] = .split(split + 1, steps.count)
            case UInt8(ascii: "]"):
                guard depth > 0 else { throw fault("has a ] that closes nothing") }
                return
            case UInt8(ascii: "{"): try compileCapture()
            case UInt8(ascii: "}"): throw fault("has a } that closes nothing")
            case UInt8(ascii: "*"): throw fault("has a *; in rules {name} stands for what varies")
            default:
                guard Self.isLiteral(byte) || isPath && "/~".utf8.contains(byte) else {
                    throw fault("has a character that no channel has; names are made of A-Z a-z 0-9 . _ - :")
                }
                try append(.take(CharacterSet([byte])))
                position += 1
            }
        }
    }

    /// `{name}` or `{name:expression}`.
    private mutating func compileCapture() throws(TemplateFault) {
        let start = position
        position += 1
        let nameStart = position
        while let byte = peek, CharacterSet.word.contains(byte) { position += 1 }
        let name = String(decoding: bytes[nameStart..<position], as: UTF8.self)
        guard !name.isEmpty, !CharacterSet.digits.contains(bytes[nameStart]) else {
            throw fault("has { without a name; write {name}, of letters, digits and _")
        }
        guard !names.contains(name) else { throw TemplateFault(reason: "has {\(name)} twice", offset: start) }
        names.append(name)
        let index = names.count - 1
        try append(.begin(index))
        switch peek {
        case UInt8(ascii: "}"):
            position += 1
            try appendRepeated([.take(.segment)], least: 1, most: nil)
        case UInt8(ascii: ":"):
            position += 1
            try compileExpression()
            guard peek == UInt8(ascii: "}") else { throw fault("ends inside { }; write the }") }
            position += 1
        default: throw fault("has a name in { } that does not end; write {name} or {name:expression}")
        }
        try append(.end(index))
    }

    /// Alternatives with `|` between them.
    private mutating func compileExpression() throws(TemplateFault) {
        var ends: [Int] = []
        while true {
            let split = steps.count
            try append(.jump(split + 1))
            try compileAlternative()
            guard peek == UInt8(ascii: "|") else { break }
            position += 1
            ends.append(steps.count)
            try append(.jump(0))
            steps[split] = .split(split + 1, steps.count)
        }
        for end in ends { steps[end] = .jump(steps.count) }
    }

    /// Characters and sets, each perhaps repeated.
    private mutating func compileAlternative() throws(TemplateFault) {
        let start = position
        while let byte = peek, byte != UInt8(ascii: "|"), byte != UInt8(ascii: "}") {
            let set = try readSet()
            let (least, most) = try readCount()
            try appendRepeated([.take(set)], least: least, most: most)
        }
        if position == start { throw fault("has an empty expression") }
    }

    private mutating func readSet() throws(TemplateFault) -> CharacterSet {
        let byte = bytes[position]
        switch byte {
        case UInt8(ascii: "["): return try readClass()
        case UInt8(ascii: "\\"): return try readEscape()
        case UInt8(ascii: "."):
            position += 1
            return .any
        case UInt8(ascii: "("), UInt8(ascii: ")"):
            throw fault("has ( ) in an expression, which are not supported; use | for alternatives")
        case UInt8(ascii: "^"), UInt8(ascii: "$"):
            throw fault("has ^ or $ in an expression; the whole name always has to match")
        case UInt8(ascii: "+"), UInt8(ascii: "*"), UInt8(ascii: "?"), UInt8(ascii: "{"), UInt8(ascii: "]"):
            throw fault(
                "has \(Character(Unicode.Scalar(byte))) in an expression with nothing before it to repeat or close")
        default:
            guard byte > 0x20, byte < 0x7F else { throw fault("has a character that no channel has") }
            position += 1
            return CharacterSet([byte])
        }
    }

    private mutating func readEscape() throws(TemplateFault) -> CharacterSet {
        position += 1
        guard let byte = peek else { throw fault("ends behind a backslash") }
        let set: CharacterSet
        switch byte {
        case UInt8(ascii: "d"): set = .digits
        case UInt8(ascii: "w"): set = .word
        case UInt8(ascii: "D"): set = CharacterSet.digits.inverted
        case UInt8(ascii: "W"): set = CharacterSet.word.inverted
        default:
            guard !CharacterSet.word.contains(byte), byte > 0x20, byte < 0x7F else {
                throw fault("has an escape that is not supported; \\d \\w \\D \\W are, and \\ before a sign")
            }
            set = CharacterSet([byte])
        }
        position += 1
        return set
    }

    /// `[a-z_]` or `[^…]`.
    private mutating func readClass() throws(TemplateFault) -> CharacterSet {
        position += 1
        var set = CharacterSet()
        let isInverted = peek == UInt8(ascii: "^")
        if isInverted { position += 1 }
        let start = position
        while let byte = peek, byte != UInt8(ascii: "]") || position == start {
            if byte == UInt8(ascii: "\\") {
                set.formUnion(try readEscape())
                continue
            }
            position += 1
            guard peek == UInt8(ascii: "-"), position + 1 < bytes.count, bytes[position + 1] != UInt8(ascii: "]") else {
                set.insert(byte)
                continue
            }
            let last = bytes[position + 1]
            guard last >= byte, last < 0x7F else { throw fault("has a range that runs backwards") }
            for character in byte...last { set.insert(character) }
            position += 2
        }
        guard peek != nil else { throw fault("ends inside [ ] of an expression; write the ]") }
        position += 1
        return isInverted ? set.inverted : set
    }

    /// `+`, `*`, `?`, `{n}`, `{n,}`, `{n,m}`, or once.
    private mutating func readCount() throws(TemplateFault) -> (least: Int, most: Int?) {
        switch peek {
        case UInt8(ascii: "+"):
            position += 1
            return (1, nil)
        case UInt8(ascii: "*"):
            position += 1
            return (0, nil)
        case UInt8(ascii: "?"):
            position += 1
            return (0, 1)
        case UInt8(ascii: "{"):
            position += 1
            guard let least = try readNumber() else { throw fault("has { in an expression without a count") }
            var most: Int? = least
            if peek == UInt8(ascii: ",") {
                position += 1
                most = try readNumber()
            }
            guard peek == UInt8(ascii: "}"), most ?? least >= least else {
                throw fault("has a count that is none; write {n}, {n,} or {n,m}")
            }
            position += 1
            return (least, most)
        default: return (1, 1)
        }
    }

    private mutating func readNumber() throws(TemplateFault) -> Int? {
        var number: Int?
        while let byte = peek, CharacterSet.digits.contains(byte) {
            let value = (number ?? 0) * 10 + Int(byte - UInt8(ascii: "0"))
            guard value <= Self.countLimit else { throw fault("has a count above \(Self.countLimit)") }
            number = value
            position += 1
        }
        return number
    }

    private mutating func appendRepeated(
        _ part: [ChannelTemplate.Step], least: Int, most: Int?
    ) throws(TemplateFault) {
        for _ in 0..<least { for step in part { try append(step) } }
        guard let most else {
            let split = steps.count
            try append(.jump(0))
            for step in part { try append(step) }
            try append(.jump(split))
            steps[split] = .split(split + 1, steps.count)
            return
        }
        for _ in least..<most {
            let split = steps.count
            try append(.jump(0))
            for step in part { try append(step) }
            steps[split] = .split(split + 1, steps.count)
        }
    }

    private mutating func append(_ step: ChannelTemplate.Step) throws(TemplateFault) {
        guard steps.count < Self.stepLimit else { throw fault("is too long") }
        steps.append(step)
    }

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private func fault(_ reason: String) -> TemplateFault { TemplateFault(reason: reason, offset: position) }

    private static func isLiteral(_ byte: UInt8) -> Bool {
        if CharacterSet.word.contains(byte) { return true }
        return byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ":")
    }
}
