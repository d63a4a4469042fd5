import Foundation
import Support
import Testing
import WSQueuePublish
import WSQueuePublishTool

struct PayloadSourceTests {
    @Test(arguments: [
        ("a=b", "a", PayloadField.Value.text("b")), ("a=", "a", .text("")), ("a==b", "a", .text("=b")),
        ("a:=7", "a", .json("7")), ("a=:b", "a", .text(":b")), ("a:b=c", "a:b", .text("c")),
        ("a::=1", "a:", .json("1")), ("a=@f", "a", .text("@f")), ("a:=@f", "a", .json("@f")),
        ("a@=f", "a@", .text("f")), ("@a=@f", "@a", .text("@f")), ("a@:=@f", "a@", .json("@f")),
        ("a=:=@f", "a", .text(":=@f")), ("a:@=f", "a:@", .text("f")), ("a b=c d", "a b", .text("c d")),
        ("é=ü", "é", .text("ü")), ("a=\u{301}b", "a", .text("\u{301}b")),
    ])
    func `a field is split at its first sign`(word: String, name: String, value: PayloadField.Value) {
        let field = PayloadField(word)
        #expect(field?.name == name)
        #expect(field?.value == value)
    }

    @Test(arguments: ["", "a", "=b", ":=b", "=", "@f"])
    func `what has no name or no sign is no field`(word: String) { #expect(PayloadField(word) == nil) }

    @Test(arguments: [("a=b", "a", "b"), ("a=b=c", "a", "b=c"), ("a=@b", "a", "@b"), ("@a=-", "@a", "-")])
    func `an option names a field and its file`(word: String, name: String, path: String) {
        let field = PayloadField(file: word) { .jsonFile($0) }
        #expect(field?.name == name)
        #expect(field?.value == .jsonFile(path))
    }

    @Test(arguments: ["", "a", "a=", "=b", "=", "a:=b"])
    func `what lacks a name or a file, or says twice what it is, names no file`(word: String) {
        #expect(PayloadField(file: word) { .textFile($0) } == nil)
    }

    @Test func `JSON that looks like the name of a file is told how a file is read`() {
        let field = PayloadField("customer:=@/etc/passwd")
        let error = refusal(of: field)
        #expect(error?.reason.hasPrefix("field 'customer': the payload is not JSON: ") == true)
        #expect(error?.advice == "a file is read by --json-file customer=FILE")
    }

    @Test func `fields make an object in their order`() throws {
        try withTemporaryDirectory { path in
            try "line\n\"2\"\n".write(toFile: "\(path)/t", atomically: false, encoding: .utf8)
            try " [1.0, 2]\n".write(toFile: "\(path)/j", atomically: false, encoding: .utf8)
            let fields = [
                PayloadField("z=a\"b"), PayloadField("a:={\"k\": 1.50}"),
                PayloadField(file: "t=\(path)/t") { .textFile($0) },
                PayloadField(file: "j=\(path)/j") { .jsonFile($0) },
            ]
            #expect(
                try load(.fields(fields.compactMap { $0 }))
                    == "{\"z\":\"a\\\"b\",\"a\":{\"k\": 1.50},\"t\":\"line\\n\\\"2\\\"\\n\",\"j\": [1.0, 2]}")
        }
    }

    @Test(arguments: [
        (PayloadSource.none, "null"), (.json(" {\"a\":1} "), " {\"a\":1} "), (.text("a\nb"), "\"a\\nb\""),
        (.text(""), "\"\""),
    ])
    func `a payload in a word is taken as it is, or made a string`(source: PayloadSource, text: String) throws {
        #expect(try load(source) == text)
    }

    @Test func `a fault in a field names the field and the byte`() {
        let field = PayloadField("customer:={\"a\":}")
        let error = refusal(of: field)
        #expect(error?.description.hasPrefix("field 'customer': the payload is not JSON: ") == true)
        #expect(error?.description.hasSuffix("at byte 5") == true)
    }

    @Test func `what is not UTF-8 in a text file is replaced and counted`() throws {
        try withTemporaryDirectory { path in
            try Data([0x63, 0x61, 0x66, 0xE9]).write(to: URL(filePath: "\(path)/latin1"))
            let field = try #require(PayloadField(file: "name=\(path)/latin1") { .textFile($0) })
            var replacements = 0
            let payload = try PayloadSource.fields([field]).load(limitBytes: 1_000, replacements: &replacements)
            #expect(String(decoding: payload, as: UTF8.self) == "{\"name\":\"caf\u{FFFD}\"}")
            #expect(replacements == 1)
        }
    }

    @Test func `a file that is not there, or a directory, cannot be read`() throws {
        try withTemporaryDirectory { path in
            let missing = #expect(throws: CommandFault.self) { try load(.file("\(path)/none")) }
            #expect(missing?.description == "cannot read \(path)/none: no such file or directory")
            #expect(throws: CommandFault.self) { try load(.file(path)) }
        }
    }

    @Test(arguments: [(99, true), (100, true), (101, false), (100_000, false)])
    func `a file larger than an event may be is refused`(count: Int, isAccepted: Bool) throws {
        try withTemporaryDirectory { path in
            try Data(repeating: 0x37, count: count).write(to: URL(filePath: "\(path)/f"))
            var replacements = 0
            let outcome = Result {
                try PayloadSource.file("\(path)/f").load(limitBytes: 100, replacements: &replacements)
            }
            if isAccepted {
                #expect(try outcome.get().count == count)
            } else {
                let fault = #expect(throws: CommandFault.self) { try outcome.get() }
                #expect(fault == .publishing(PublishError(.size(limitBytes: 100))))
            }
        }
    }

    private func refusal(of field: PayloadField?) -> PublishError? {
        let fault = #expect(throws: CommandFault.self) { try load(.fields([field].compactMap { $0 })) }
        guard case .publishing(let error) = fault else { return nil }
        return error
    }

    private func load(_ source: PayloadSource) throws -> String {
        var replacements = 0
        return String(
            decoding: try source.load(limitBytes: 1_000, replacements: &replacements), as: UTF8.self)
    }
}
