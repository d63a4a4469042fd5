/// Makes JSON texts, the same for the same seed, and spoils them.
struct RandomJSON {
    var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(state: seed) }

    /// A text with nesting up to `depth`.
    mutating func value(depth: Int) -> String {
        switch Int.random(in: 0..<(depth > 0 ? 8 : 6), using: &generator) {
        case 0: return "null"
        case 1: return pick(["true", "false"])
        case 2, 3: return number()
        case 4, 5: return string()
        case 6:
            let elements = (0..<count()).map { _ in space() + value(depth: depth - 1) + space() }
            return "[\(elements.isEmpty ? space() : elements.joined(separator: ","))]"
        default:
            let members = (0..<count()).map { _ in
                "\(space())\(string())\(space()):\(space())\(value(depth: depth - 1))"
            }
            return "{\(members.isEmpty ? space() : members.joined(separator: ","))\(space())}"
        }
    }

    /// `text` with one to three bytes changed, removed, doubled or put in.
    mutating func mutation(of text: [UInt8]) -> [UInt8] {
        var text = text
        for _ in 0..<Int.random(in: 1...3, using: &generator) where !text.isEmpty {
            let index = Int.random(in: 0..<text.count, using: &generator)
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: text[index] = byte()
            case 1: text.remove(at: index)
            case 2: text.insert(text[index], at: index)
            default: text.insert(byte(), at: index)
            }
        }
        return text
    }

    private mutating func byte() -> UInt8 {
        let telling =
            Array("{}[]\",:\\/0123456789.eE+-truefalsn \t\n\u{0}\u{1F}ud8".utf8) + [0x7F, 0x80, 0xC3, 0xE2, 0xF0, 0xFF]
        return Bool.random(using: &generator)
            ? telling.randomElement(using: &generator) ?? 0 : UInt8.random(in: .min ... .max, using: &generator)
    }

    private mutating func number() -> String {
        let digits = ["0", "7", "10", "123456789", "9007199254740993", "18446744073709551616"]
        return pick(["", "-"]) + pick(digits) + pick(["", "", ".0", ".25", ".000001"])
            + pick(["", "", "e2", "E-7", "e+10"])
    }

    private mutating func string() -> String {
        let parts = [
            "", "a", "event", "é", "漢字", "😀", #"\n"#, #"\""#, #"\\"#, #"\/"#, #"\u00e9"#, #"\ud83d\ude00"#,
            "a long piece of text",
        ]
        return "\"" + (0..<count()).map { _ in pick(parts) }.joined() + "\""
    }

    private mutating func space() -> String { pick(["", "", "", " ", "\n", "\t", "\r\n"]) }

    private mutating func count() -> Int { Int.random(in: 0...4, using: &generator) }

    private mutating func pick(_ choices: [String]) -> String { choices.randomElement(using: &generator) ?? "" }
}
