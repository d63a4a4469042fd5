/// Makes lines of batches: most as our publishers write them, others with all that an event may say, in any form.
struct LineMaker {
    private var state: UInt64
    private var ids: [String] = []

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    private mutating func draw(_ limit: Int) -> Int {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Int(state >> 33) % limit
    }

    private mutating func draw<Element>(of elements: [Element]) -> Element { elements[draw(elements.count)] }

    private mutating func isSo(oneIn count: Int) -> Bool { draw(count) == 0 }

    /// A batch of so many lines, some of them blank.
    mutating func batch(_ count: Int) -> String {
        var text = ""
        for _ in 0..<count {
            if isSo(oneIn: 20) { text += draw(of: ["\n", " \n", "\r\n"]) }
            if isSo(oneIn: 30) { text += " " }
            text += line() + draw(of: ["\n", "\n", "\n", "\r\n", " \n"])
        }
        return text
    }

    /// One event.
    mutating func line() -> String {
        let names = [#""n""#, #""order.created""#, #""Zoë""#, #""a\"b""#, #""\u0041bc""#]
        var members = [
            #""event":\#(draw(of: names))"#, #""payload":\#(payload())"#, #""timestamp":\#(timestamp())"#,
        ]
        if !isSo(oneIn: 3) { members.append(#""id":\#(id())"#) }
        if isSo(oneIn: 2) {
            members.append(#""queued_at":\#(draw(of: ["1792000000.123456", "1792000000", "0", "null", #""x""#]))"#)
        }
        if isSo(oneIn: 6) { members.append(rare()) }
        if isSo(oneIn: 4) { members.append(#""\#(draw(of: ["seq", "source", "Überraschung", "x\\ty", ""]))":7"#) }
        if isSo(oneIn: 12) { members.remove(at: 1 + draw(2)) }
        if isSo(oneIn: 8) { members.swapAt(draw(members.count), draw(members.count)) }
        guard isSo(oneIn: 10) else { return "{" + members.joined(separator: ",") + "}" }
        let space = draw(of: [" ", "\t", "  "])
        return "{\(space)" + members.joined(separator: draw(of: [", ", " ,", ","])) + "\(space)}"
    }

    private mutating func payload() -> String {
        switch draw(9) {
        case 0: return "null"
        case 1: return #""\#(String(repeating: "ü", count: draw(90)))""#
        case 2: return "[1,[2,{}],\"]\",-1.5e-3]"
        case 3: return #"{"event":"inner","timestamp":1,"id":"no"}"#
        case 4: return #""\#(String(repeating: "x", count: 95 + draw(60)))""#
        case 5 where isSo(oneIn: 40): return #""\#(String(repeating: "y", count: 65_400 + draw(300)))""#
        default: return #"{"n":\#(draw(100_000)),"pad":"\#(String(repeating: "z", count: draw(200)))"}"#
        }
    }

    private mutating func timestamp() -> String {
        draw(of: ["1792000000", "1792000000", "1792000000.5", "1", "-1", "1792000000123", #""1792000000""#, "null"])
    }

    private mutating func id() -> String {
        if isSo(oneIn: 10), !ids.isEmpty { return draw(of: ids) }
        let number = draw(1_000_000_000)
        let made = draw(of: [
            #""b\#(number)""#, #""b\#(number)""#, #""b\#(number)""#, #""b\\\#(number)""#, #""Zoë \#(number)""#,
            "\(number)", "\(number).0", "null", #""\#(String(repeating: "i", count: 200))\#(number)""#,
        ])
        ids.append(made)
        return made
    }

    private mutating func rare() -> String {
        draw(of: [
            #""channel":"c""#, #""channels":["c","d"]"#, #""recipients":["u",7]"#, #""except":3"#,
            #""except_users":["v"]"#, #""expires_at":1"#, #""expires_at":99999999999"#, #""key":"k""#,
            #""key":"k","clear":true"#, #""data":1"#,
            #""traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01""#,
        ])
    }
}
