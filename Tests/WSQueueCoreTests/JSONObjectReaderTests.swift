import Testing
import WSQueueCore

struct JSONObjectReaderTests {
    @Test func `each member comes with its name, its value and its kind`() throws {
        let text = Array(
            #" { "a" : "x\"" , "\u0062":[1,{"c":2}],"":{},"n":-1.5e3,"t":true,"f":false , "z" : null } "#.utf8)
        let members = try JSONObjectReader.members(of: text)
        #expect(members.map { slice($0.name, text) } == ["a", #"\u0062"#, "", "n", "t", "f", "z"])
        #expect(members.map(\.isNameEscaped) == [false, true, false, false, false, false, false])
        let values = [#""x\"""#, #"[1,{"c":2}]"#, "{}", "-1.5e3", "true", "false", "null"]
        #expect(members.map { slice($0.value, text) } == values)
        #expect(members.map(\.kind) == [.string, .array, .object, .number, .boolean, .boolean, .null])
    }

    @Test(arguments: ["{}", " { } \n"])
    func `an empty object has no members`(text: String) throws {
        #expect(try JSONObjectReader.members(of: Array(text.utf8)) == [])
    }

    @Test(arguments: [
        ("", 0), ("[]", 0), ("1", 0), ("\"a\"", 0), ("\u{FEFF}{}", 0), ("{", 1), ("{\"a\"", 4), ("{\"a\":", 5),
        ("{\"a\":1", 6),
        ("{\"a\":1 \"b\":2}", 7), ("{\"a\":1,}", 7), ("{,\"a\":1}", 1), ("{} {}", 3), ("{}x", 2), ("{\"a\":1}}", 7),
        ("{\"a\":[1,2}", 9), ("{a:1}", 1), ("{\"a\":1]", 6),
    ])
    func `what is not one object is refused where it stops being one`(text: String, offset: Int) {
        let fault = #expect(throws: JSONFault.self) { try JSONObjectReader.members(of: Array(text.utf8)) }
        #expect(fault?.offset == offset)
    }

    @Test func `the object counts among the 512 levels`() throws {
        let open = String(repeating: "[", count: 511)
        let close = String(repeating: "]", count: 511)
        #expect(try JSONObjectReader.members(of: Array("{\"a\":\(open)\(close)}".utf8)).count == 1)
        #expect(throws: JSONFault.self) { try JSONObjectReader.members(of: Array("{\"a\":[\(open)\(close)]}".utf8)) }
    }

    @Test func `behind the last member the answer stays nil`() throws {
        let text = Array("{\"a\":1}".utf8)
        var reader = JSONObjectReader()
        var answers: [Bool] = []
        for _ in 0..<4 { answers.append(try reader.next(in: text.span) != nil) }
        #expect(answers == [true, false, false, false])
    }

    @Test(
        arguments: [
            ("[]", []), ("[ ]", []), ("[1]", ["1"]),
            (#"[ "a,]" , [2,[3]] ,{"b":[4]},null ]"#, [#""a,]""#, "[2,[3]]", #"{"b":[4]}"#, "null"]),
        ] as [(String, [String])])
    func `the elements of an array come one by one`(array: String, elements: [String]) throws {
        let text = Array("{\"list\": \(array) }".utf8)
        let member = try #require(try JSONObjectReader.members(of: text).first)
        var reader = JSONArrayReader(member.value)
        var values: [String] = []
        while let element = try reader.next(in: text.span) { values.append(slice(element.value, text)) }
        #expect(values == elements)
    }

    private func slice(_ range: Range<Int>, _ text: [UInt8]) -> String { String(decoding: text[range], as: UTF8.self) }
}
