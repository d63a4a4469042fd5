import Foundation
import Testing
import WSQueueArguments

struct HelpTextTests {
    private static let long = String(repeating: "word ", count: 60)
    private static let table = OptionTable(
        "demo", forms: ["[OPTION]...", "FILE"], summary: long,
        options: [
            Option("dir", short: "d", value: .required("DIR"), environment: "DEMO_DIR", text: "Where. \(long)"),
            Option("a-name-that-is-long", value: .required("AND-A-VALUE"), isRepeatable: true, text: "What. \(long)"),
            Option("wait", value: .optional("DURATION"), text: "Waits."), help,
        ], sections: [.exitStatuses([.success, .usage])])
    private static let help = Option("help", short: "h", value: .optional("all"), text: "Says this.")

    private static func text(
        _ table: OptionTable, _ words: [String] = ["--help"], of program: OptionTable? = nil
    ) throws -> String {
        try #require(try table.help(try table.parse(words), help, of: program))
    }

    @Test func `no line is wider than a terminal`() throws {
        #expect(try Self.text(Self.table).split(separator: "\n").allSatisfy { $0.count <= 80 })
    }

    @Test func `names, values, variables and statuses are there`() throws {
        let help = try Self.text(Self.table)
        #expect(help.hasPrefix("Usage: demo [OPTION]...\n       demo FILE\n\nword word"))
        #expect(help.contains("\n  -d, --dir DIR           Where. word"))
        #expect(help.contains("[DEMO_DIR]"))
        #expect(help.contains("\n      --a-name-that-is-long AND-A-VALUE\n                          What. word"))
        #expect(help.contains("May be given several times."))
        #expect(help.contains("\n      --wait[=DURATION]   Waits.\n"))
        #expect(help.hasSuffix("Exit status:\n   0  done\n  64  the command line is wrong\n"))
    }

    @Test func `help has what is typed most, and with all everything`() throws {
        let dir = Option(
            "dir", short: "d", value: .required("DIR"), environment: "DEMO_DIR", isCommon: true,
            text: "Where e.mail is. Default: here.")
        let list = OptionTable(
            "demo list", forms: ["[OPTION]..."], summary: "Lists.",
            options: [dir, Option("json", text: "As JSON."), Self.help])
        let table = OptionTable(
            "demo", forms: ["[OPTION]... FILE", "list"], lines: ["demo a   # this one"], summary: "Does it. At once.",
            options: [dir, Option("odd", text: "Rarely."), Self.help], commands: [list])
        #expect(
            try Self.text(table) == """
                Usage: demo [OPTION]... FILE
                Does it.

                  demo a   # this one

                Commands: list

                  -d, --dir DIR           Where e.mail is.

                One command: 'demo COMMAND --help'.
                All options: 'demo --help all'. More: 'man demo'.

                """)
        for words in [["--help", "all"], ["-h", "all"], ["--help=all"], ["-hall"]] {
            let all = try Self.text(table, words)
            for part in ["demo list\n", "At once.", "demo a ", "Default: here. [DEMO_DIR]", "--odd", "As JSON"] {
                #expect(all.contains(part) == (part != "As JSON"), "\(words) \(part)")
            }
        }
        #expect(throws: ArgumentFault.badValue(ValueFault("some", wanted: "all"), .flag("--help"))) {
            try Self.text(table, ["--help=some"])
        }
    }

    @Test func `a command shows its own options, and tells of the program's`() throws {
        let dir = Option("dir", value: .required("DIR"), text: "Where.")
        let list = OptionTable(
            "demo list", forms: [], summary: "", options: [dir, Option("json", text: "As JSON."), Self.help])
        let table = OptionTable("demo", forms: [], summary: "", options: [dir, Self.help], commands: [list])
        let own = try Self.text(list, of: table)
        #expect(own.contains("--json") && own.contains("--help[=all]") && !own.contains("Where."))
        #expect(own.hasSuffix("\nBesides the server's --dir: demo list --help all.\n"))
        let all = try Self.text(list, ["--help", "all"], of: table)
        let place = try #require(all.range(of: "Options of the server that it takes too:\n      --dir DIR"))
        #expect(try #require(all.range(of: "As JSON.")).upperBound < place.lowerBound)
    }

    @Test func `commands are listed in help, and described in the manual page`() throws {
        let list = OptionTable(
            "demo list", forms: ["new|old"], summary: "Lists what is there: in order.",
            options: [Option("json", text: "As JSON."), Self.help], words: ["new", "old"])
        let table = OptionTable(
            "demo", forms: ["COMMAND"], summary: "Does it.", options: [Self.help], commands: [list])
        #expect(
            try Self.text(table, ["--help", "all"]).contains(
                "\nCommands:\n  list        Lists what is there: in order\n"))
        #expect(try Self.text(list).hasPrefix("Usage: demo list new|old\n"))
        let manual = table.manual(section: 1)
        #expect(manual.contains(".SH COMMANDS\n.SS list\n.nf\n\\fBdemo list\\fR new|old\n"))
        #expect(manual.contains("\\fB\\-\\-json\\fR\nAs JSON.\n"))
        let quiet = Option("quiet", text: "Says nothing.")
        let verbose = OptionTable("demo list", forms: [], summary: "Lists.", options: [quiet, list.options[0]])
        let sharing = OptionTable("demo", forms: [], summary: "", options: [quiet], commands: [verbose])
        #expect(sharing.manual(section: 1).contains("As JSON.\n.PP\nAs above: \\fB\\-\\-quiet\\fR.\n"))
    }

    @Test(arguments: WSQueueArguments.ExitStatus.allCases)
    func `every exit status has a meaning`(status: WSQueueArguments.ExitStatus) { #expect(!status.text.isEmpty) }

    @Test(
        arguments: [
            ("listne", "listen"), ("port", "port"), ("prot", "port"), ("li", "listen"), ("completely-else", nil),
            ("", nil), ("x", nil), ("hosts", "host"),
        ] as [(String, String?)])
    func `the nearest name is few mistakes away`(word: String, nearest: String?) {
        #expect(NearestName.of(word, among: ["listen", "port", "host"]) == nearest)
    }
}
