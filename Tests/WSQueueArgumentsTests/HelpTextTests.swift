import Testing
import WSQueueArguments

struct HelpTextTests {
    private static let long = String(repeating: "word ", count: 60)
    private static let table = OptionTable(
        "demo", forms: ["[OPTION]...", "FILE"], summary: long,
        options: [
            Option("dir", short: "d", value: .required("DIR"), environment: "DEMO_DIR", text: "Where. \(long)"),
            Option("a-name-that-is-long", value: .required("AND-A-VALUE"), isRepeatable: true, text: "What. \(long)"),
            Option("wait", value: .optional("DURATION"), text: "Waits."),
        ], sections: [.exitStatuses([.success, .usage])])

    @Test func `no line is wider than a terminal`() {
        #expect(Self.table.help.split(separator: "\n").allSatisfy { $0.count <= 80 })
    }

    @Test func `names, values, variables and statuses are there`() {
        let help = Self.table.help
        #expect(help.hasPrefix("Usage: demo [OPTION]...\n       demo FILE\n\nword word"))
        #expect(help.contains("\n  -d, --dir DIR           Where. word"))
        #expect(help.contains("[DEMO_DIR]"))
        #expect(help.contains("\n      --a-name-that-is-long AND-A-VALUE\n                          What. word"))
        #expect(help.contains("May be given several times."))
        #expect(help.contains("\n      --wait[=DURATION]   Waits.\n"))
        #expect(help.hasSuffix("Exit status:\n   0  done\n  64  the command line is wrong\n"))
    }

    @Test func `commands are listed in help, described in the manual page and completed`() {
        let list = OptionTable(
            "demo list", forms: ["new|old"], summary: "Lists what is there: in order.",
            options: [Option("json", text: "As JSON.")], words: ["new", "old"])
        let table = OptionTable("demo", forms: ["COMMAND"], summary: "Does it.", options: [], commands: [list])
        #expect(table.help.contains("\nCommands:\n  list        Lists what is there\n"))
        #expect(list.help.hasPrefix("Usage: demo list new|old\n"))
        let manual = table.manual(section: 1)
        #expect(manual.contains(".SH COMMANDS\n.SS list\n.nf\n\\fBdemo list\\fR new|old\n"))
        #expect(manual.contains("\\fB\\-\\-json\\fR\nAs JSON.\n"))
        let quiet = Option("quiet", text: "Says nothing.")
        let verbose = OptionTable("demo list", forms: [], summary: "Lists.", options: [quiet, list.options[0]])
        let sharing = OptionTable("demo", forms: [], summary: "", options: [quiet], commands: [verbose])
        #expect(sharing.manual(section: 1).contains("As JSON.\n.PP\nAs above: \\fB\\-\\-quiet\\fR.\n"))
        for shell in WSQueueArguments.Shell.allCases {
            let script = table.completion(for: shell)
            for word in ["list", "new", "old", "json"] { #expect(script.contains(word), "\(shell): \(word)") }
        }
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
