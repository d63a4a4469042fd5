import Testing
import WSQueueArguments

struct ArgumentParserTests {
    private static let directory = Option(
        "dir", short: "d", value: .required("DIR"), environment: "DEMO_DIR", text: "The directory.")
    private static let channel = Option(
        "channel", short: "c", value: .required("NAME"), isRepeatable: true, environment: "DEMO_CHANNEL", text: "A.")
    private static let wait = Option("wait", short: "w", value: .optional("DURATION"), text: "Waits.")
    private static let quiet = Option("quiet", short: "q", text: "Says nothing.")
    private static let verbose = Option("verbose", short: "v", text: "Says more.")
    private static let table = OptionTable(
        "demo", forms: ["[OPTION]... WORD"], summary: "Does it.", options: [directory, channel, wait, quiet, verbose])

    @Test(arguments: [
        ["--dir=a b"], ["--dir", "a b"], ["-d", "a b"], ["-da b"], ["-qvda b"], ["-q", "--dir=x", "-d", "a b"],
    ])
    func `a value is given in any of the usual ways`(words: [String]) throws {
        #expect(try Self.table.parse(words).value(Self.directory) == "a b")
    }

    @Test(arguments: [
        (["--dir="], ""), (["--dir=a=b"], "a=b"), (["-d=a"], "=a"), (["-d", "--dir"], "--dir"), (["-d", "--"], "--"),
        (["--dir=é=ü"], "é=ü"),
    ])
    func `a value may be anything`(words: [String], value: String) throws {
        #expect(try Self.table.parse(words).value(Self.directory) == value)
    }

    @Test func `without even the program's name the words are lost, which is not the same as none`() throws {
        #expect(try CommandLineWords.decode([Array("demo".utf8)]) == [])
        let fault = #expect(throws: ArgumentFault.noWords) { try CommandLineWords.decode([]) }
        #expect(fault?.exitStatus == .bug)
    }

    @Test func `options may stand anywhere before the double dash`() throws {
        let arguments = try Self.table.parse(["a", "-q", "b", "--dir", "x", "-", "--", "-v", "--"])
        #expect(arguments.operands == ["a", "b", "-", "-v", "--"])
        #expect(arguments.terminator == 3)
        #expect(arguments.has(Self.quiet) && !arguments.has(Self.verbose))
    }

    @Test func `without a double dash there is no terminator`() throws {
        #expect(try Self.table.parse(["a"]).terminator == nil)
    }

    @Test(
        arguments: [
            (["-w", "5s"], "5s", []), (["--wait", "5s"], "5s", []), (["-w5s"], "5s", []), (["-w=5s"], "5s", []),
            (["--wait=5s"], "5s", []), (["--wait", "5"], nil, ["5"]), (["-w", "0"], nil, ["0"]),
            (["-w", "soon"], nil, ["soon"]), (["-w"], nil, []),
        ] as [([String], String?, [String])])
    func `an optional time may stand apart where it has a unit`(words: [String], value: String?, operands: [String])
        throws
    {
        let arguments = try Self.table.parse(words)
        #expect(arguments.has(Self.wait))
        #expect(arguments.value(Self.wait) == value)
        #expect(arguments.operands == operands)
    }

    @Test func `of a repeated option all values count, or the last one`() throws {
        let arguments = try Self.table.parse(["-c", "a", "-d", "x", "--channel=b", "-d", "y"])
        #expect(arguments.values(Self.channel) == ["a", "b"])
        #expect(arguments.value(Self.directory) == "y")
    }

    @Test func `the environment counts where the command line is silent`() throws {
        let environment = ["DEMO_DIR": "env", "DEMO_CHANNEL": "e"]
        let silent = try Self.table.parse([]) { environment[$0] }
        #expect(silent.value(Self.directory) == "env")
        #expect(silent.values(Self.channel) == ["e"])
        #expect(silent.last(Self.directory)?.isFromEnvironment == true)
        let given = try Self.table.parse(["-dx", "-cy"]) { environment[$0] }
        #expect(given.value(Self.directory) == "x")
        #expect(given.values(Self.channel) == ["y"])
        #expect(try !Self.table.parse([]) { _ in "" }.has(Self.directory))
    }

    @Test(
        arguments: [
            (["--dri=x"], ArgumentFault.unknownOption("--dri", nearest: "--dir")),
            (["--quite"], .unknownOption("--quite", nearest: "--quiet")),
            (["--verb"], .unknownOption("--verb", nearest: "--verbose")),
            (["--xyzzy"], .unknownOption("--xyzzy", nearest: nil)),
            (["-qz"], .unknownOption("-z", nearest: nil)), (["-dir"], nil),
            (["-verbose"], .unknownOption("-e", nearest: "--verbose")),
            (["-d"], .missingValue(option: "-d", what: "DIR")),
            (["-q", "--dir"], .missingValue(option: "--dir", what: "DIR")),
            (["--quiet=yes"], .unexpectedValue(option: "--quiet", value: "yes")),
            (["--=x"], .unknownOption("--", nearest: nil)),
        ] as [([String], ArgumentFault?)])
    func `what cannot be followed is named`(words: [String], fault: ArgumentFault?) {
        do throws(ArgumentFault) {
            _ = try Self.table.parse(words)
            #expect(fault == nil)
        } catch {
            #expect(error == fault)
            #expect(error.exitStatus == .usage)
        }
    }

    @Test(arguments: [("1", true), ("on", true), ("0", false), ("no", false), ("", false)])
    func `a variable says yes or no for an option without a value`(value: String, isOn: Bool) throws {
        let option = Option("hold", environment: "DEMO_HOLD", text: "Holds.")
        let table = OptionTable("demo", forms: [], summary: "", options: [option])
        #expect(try table.parse([]) { _ in value }.has(option) == isOn)
        let fault = #expect(throws: ArgumentFault.self) { try table.parse([]) { _ in "maybe" } }
        #expect(fault?.exitStatus == .configuration)
    }

    @Test func `a wrong value names the option or the variable, and the variable is configuration`() throws {
        let given = try Self.table.parse(["-w5"])
        let flagged = #expect(throws: ArgumentFault.self) {
            try given.value(Self.wait, as: Quantity.parseDuration)
        }
        #expect(flagged?.exitStatus == .usage)
        #expect(flagged?.description == "-w: '5' is not a duration with units, such as 5s, 100ms or 1h30m")
        let inherited = try Self.table.parse([]) { $0 == "DEMO_DIR" ? "x" : nil }
        let faulted = #expect(throws: ArgumentFault.self) {
            try inherited.value(Self.directory, as: Quantity.parseBytes)
        }
        #expect(faulted?.exitStatus == .configuration)
        #expect(faulted?.description.hasPrefix("DEMO_DIR: 'x' is not") == true)
    }
}
