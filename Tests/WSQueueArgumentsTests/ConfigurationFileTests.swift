import Testing
import WSQueueArguments

struct ConfigurationFileTests {
    private static let directory = Option(
        "dir", short: "d", value: .required("DIR"), environment: "DEMO_DIR", text: "Where.")
    private static let queue = Option(
        "queue", value: .required("DIR"), environment: "DEMO_QUEUE", alias: "dir", text: "The same.")
    private static let listen = Option(
        "listen", value: .required("ADDR"), isRepeatable: true, environment: "DEMO_LISTEN", text: "Where.")
    private static let hold = Option("hold", environment: "DEMO_HOLD", text: "Holds.")
    private static let keys = [directory, queue, listen, hold]
    private static let table = OptionTable("demo", forms: [], summary: "", options: keys)

    private func arguments(
        _ words: [String] = [], set: [String] = [], environment: [String: String] = [:], file: String = ""
    ) throws -> ParsedArguments {
        var arguments = try Self.table.parse(words) { environment[$0] }
        for setting in set {
            try arguments.add([try ConfigurationEntry.parse(setting: setting)], keys: Self.keys, for: Self.keys)
        }
        try arguments.add(try ConfigurationFile.parse(Array(file.utf8), path: "f"), keys: Self.keys, for: Self.keys)
        return arguments
    }

    @Test func `a flag counts more than a setting, that more than a variable, and that more than the file`() throws {
        let variable = ["DEMO_DIR": "variable"]
        let file = "dir = file"
        #expect(try arguments(file: file).value(Self.directory) == "file")
        #expect(try arguments(environment: variable, file: file).value(Self.directory) == "variable")
        #expect(try arguments(set: ["dir=set"], environment: variable, file: file).value(Self.directory) == "set")
        let all = try arguments(["-d", "flag"], set: ["dir=set"], environment: variable, file: file)
        #expect(all.value(Self.directory) == "flag")
        #expect(all.given(Self.directory).map(\.origin) == [.flag("-d")])
    }

    @Test func `a key that may be given several times has the values of the place that counts most`() throws {
        let file = "listen = a\nlisten = b"
        #expect(try arguments(file: file).values(Self.listen) == ["a", "b"])
        #expect(try arguments(["--listen", "c"], file: file).values(Self.listen) == ["c"])
        #expect(try arguments(set: ["listen=c", "listen=d"], file: file).values(Self.listen) == ["c", "d"])
    }

    @Test func `another name of a key is that key`() throws {
        #expect(try arguments(["--queue", "q"], environment: ["DEMO_DIR": "d"]).value(Self.directory) == "q")
        #expect(try arguments(file: "queue = q").value(Self.directory) == "q")
    }

    @Test func `a key that the command has not is looked at and passed over`() throws {
        // Another option may have its name there.
        let other = Option("listen", value: .required("WHAT"), text: "Something else.")
        var arguments = try OptionTable("demo", forms: [], summary: "", options: [other]).parse([])
        let entries = try ConfigurationFile.parse(Array("listen = a".utf8), path: "f")
        try arguments.add(entries, keys: Self.keys, for: [other, Self.directory])
        #expect(!arguments.has(other))
    }

    @Test func `no overrides yes`() throws {
        #expect(try arguments(file: "hold = yes").has(Self.hold))
        #expect(try !arguments(environment: ["DEMO_HOLD": "no"], file: "hold = yes").has(Self.hold))
        #expect(try arguments(["--hold"], set: ["hold=off"]).has(Self.hold))
        #expect(try !arguments(set: ["hold=off"], environment: ["DEMO_HOLD": "1"]).has(Self.hold))
    }

    @Test(
        arguments: [
            ("dir = a b", "a b"), ("dir=a", "a"), ("\t dir\t=  a \t", "a"), ("dir = a#b", "a#b"), ("dir = a # b", "a"),
            ("dir = \"a # b\" # c", "a # b"), ("dir = \" a \"", " a "), ("dir = a=b", "a=b"), ("dir = é\r\n", "é"),
            ("# dir = x\n\n  # y\ndir = a", "a"), ("dir = a\"b", "a\"b"),
        ])
    func `a value is what stands behind the sign`(text: String, value: String) throws {
        #expect(try arguments(file: text).value(Self.directory) == value)
    }

    @Test(
        arguments: [
            ("\ndri = x", "f:2: unknown key 'dri'; did you mean dir?"), ("xyzzy = 1", "f:1: unknown key 'xyzzy'"),
            ("dir", "f:1: 'dir' is not 'key = value'"), ("[server] # x", "f:1: '[server]' is not 'key = value'"),
            ("= x", "f:1: '= x' is not 'key = value'"),
            ("dir =", "f:1: dir has no value; leave it out for its default"),
            ("dir = # x", "f:1: dir has no value; leave it out for its default"),
            ("dir = a\nqueue = b", "f:2: queue was given in f:1"), ("dir = a\0b", "f:1: a control character"),
            ("dir = \"a", "f:1: dir: the quotation mark at the end is missing"),
            ("dir = \"a\" b", "f:1: dir: 'b' stands behind the quotation mark"),
            ("hold = maybe", "f:1: hold: 'maybe' is not yes or no (nor 1, 0, true, false, on, off)"),
        ])
    func `what cannot be followed is named with its line`(text: String, message: String) {
        let fault = #expect(throws: ArgumentFault.self) { try arguments(file: text) }
        #expect(fault?.description == message)
        #expect(fault?.exitStatus == .configuration)
    }

    @Test func `bytes that are no text are named with their line`() {
        let fault = #expect(throws: ArgumentFault.self) {
            try ConfigurationFile.parse(Array("dir = a\n".utf8) + [0xFF], path: "f")
        }
        #expect(fault?.description == "f:2: not UTF-8")
    }

    @Test(
        arguments: [
            ("dri=x", "--set: unknown key 'dri'; did you mean dir?"), ("dir", "--set: 'dir' is not KEY=VALUE"),
            ("hold=maybe", "--set hold: 'maybe' is not yes or no (nor 1, 0, true, false, on, off)"),
        ])
    func `a setting that cannot be followed is configuration`(setting: String, message: String) {
        let fault = #expect(throws: ArgumentFault.self) { try arguments(set: [setting]) }
        #expect(fault?.description == message)
        #expect(fault?.exitStatus == .configuration)
    }

    @Test(
        arguments: [
            // One edit: a letter wrong, missing, too many, or two swapped.
            ("CHANEL", "CHANNEL"), ("CHANNELL", "CHANNEL"), ("CHANNLE", "CHANNEL"), ("XHANNEL", "CHANNEL"),
            ("Dir", "DIR"), ("dir", "DIR"), ("DRI", "DIR"), ("CHNEL", nil), ("DI", "DIR"), ("D", nil),
            // Two from eight letters on.
            ("TEXT_LNS", "TEXT_LINES"), ("TXT_LINE", "TEXT_LINES"), ("TXT_LIN", nil), ("TEXTLINES", "TEXT_LINES"),
            // The other program's.
            ("CHANNELS", "CHANNEL"), ("LISTEN", nil), ("JOURNAL", nil), ("TEXT_LINED", "TEXT_LINES"),
            // Somebody else's.
            ("SERVICE_HOST", nil), ("SERVICE_PORT", nil), ("PORT_8081_TCP_ADDR", nil), ("NAMESPACE", nil), ("", nil),
        ] as [(String, String?)])
    func `a variable that is a slip is named with what was meant`(tail: String, meant: String?) {
        let own = ["WSQUEUE_DIR", "WSQUEUE_CHANNEL", "WSQUEUE_TEXT_LINES"]
        let siblings = ["WSQUEUE_CHANNELS", "WSQUEUE_LISTEN", "WSQUEUE_JOURNAL", "WSQUEUE_TEXT_LINED"]
        let name = "WSQUEUE_\(tail)"
        let found = UnknownVariables(among: [(name, "x"), ("PATH", ""), ("DIR", "")], own: own, siblings: siblings)
        let fault = meant.map { "\(name): no such variable is known; did you mean WSQUEUE_\($0)?" }
        #expect(found.slips.map(\.description) == [fault].compactMap(\.self))
        #expect(found.slips.allSatisfy { $0.exitStatus == .configuration })
        #expect(found.others == (meant == nil && !siblings.contains(name) ? [name] : []))
    }

    @Test func `what a cluster says of a service of our name is left alone`() {
        #expect(UnknownVariables.isOfService("WSQUEUE_PORT", "tcp://10.0.0.7:8081"))
        #expect(UnknownVariables.isOfService("WSQUEUE_PORT_8081_UDP", "udp://10.0.0.7:8081"))
        #expect(UnknownVariables.isOfService("WSQUEUE_SERVICE_PORT", "8081"))
        for (name, value) in [
            ("WSQUEUE_PORT", "8081"), ("WSQUEUE_REDIS", "redis://h"), ("WSQUEUE_ORIGIN", "https://a"),
        ] {
            #expect(!UnknownVariables.isOfService(name, value))
        }
        let port = [("WSQUEUE_PORTS", "tcp://10.0.0.7:8081")]
        #expect(UnknownVariables(among: port, own: ["WSQUEUE_PORT"], siblings: []).others == ["WSQUEUE_PORTS"])
    }

    @Test func `a wrong value is named with its origin`() throws {
        let given = try arguments(file: "\ndir = x")
        let fault = #expect(throws: ArgumentFault.self) { try given.value(Self.directory, as: Quantity.parseBytes) }
        #expect(fault?.description.hasPrefix("f:2: dir: 'x' is not a size") == true)
        #expect(fault?.exitStatus == .configuration)
    }

    @Test func `any bytes are a file or a fault`() {
        var generator = SystemRandomNumberGenerator()
        let alphabet = Array("dir=#\" \n\\ab\t\0é".utf8)
        for _ in 0..<2_000 {
            let bytes = (0..<Int.random(in: 0...20, using: &generator)).map { _ in alphabet.randomElement()! }
            _ = try? ConfigurationFile.parse(bytes, path: "f")
        }
    }
}
