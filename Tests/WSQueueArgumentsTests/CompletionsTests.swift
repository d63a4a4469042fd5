import Testing
import WSQueueArguments

struct CompletionsTests {
    private static let dir = Option(
        "dir", short: "d", value: .required("DIR"), environment: "D", text: "Where it is. Or not.")
    private static let sync = Option(
        "sync", short: "s", value: .required("none|data|full"), environment: "S", text: "How.")
    private static let list = OptionTable(
        "demo list", forms: [], summary: "", options: [dir, Option("as", value: .required("USER"), text: "")],
        words: ["new", "old"],
        operands: [.init(after: "new", ["one", "two"]), .init(after: "old", source: .events(["held"]))])
    private static let table = OptionTable(
        "demo", forms: [], summary: "",
        options: [
            dir, sync, Option("keep", value: .required("DIR|off"), environment: "K", text: ""),
            Option("from", value: .required("ADDR[/BITS]|unix"), text: ""),
            Option("file", short: "f", value: .required("FILE"), text: ""),
            Option("text-file", value: .required("NAME=FILE"), isRepeatable: true, text: ""),
            Option("set", value: .required("KEY=VALUE"), text: ""), Option("hidden", isHidden: true, text: ""),
            Option("run", completed: .command(after: 0), text: "Run EVENT.started. Then more."),
            Option("release", value: .required("ID"), completed: .held, text: ""),
            Option("help", short: "h", value: .optional("all"), text: ""),
            Option("alg", value: .required("HS1|HS2"), text: ""),
        ], commands: [list])

    @Test(
        arguments: [
            ("li", ["list"]), ("list ", ["new", "old"]), ("list n", ["new"]), ("list new ", ["one", "two"]),
            ("list -d x new t", ["two"]), ("--sy", ["--sync"]), ("--sync ", ["none", "data", "full"]),
            ("--sync=d", ["--sync=data"]), ("-s ", ["none", "data", "full"]), ("-sf ", ["list"]), ("-ns", []),
            ("--hid", []), ("--keep ", ["off"]), ("--from ", ["unix"]), ("--alg ", ["HS1", "HS2"]),
            ("--set s", ["sync="]), ("--set sync=f", ["sync=full"]), ("--set=sync=f", ["--set=sync=full"]),
            ("--help ", ["all", "list"]), ("-- --sy", []), ("--dir --sync ", ["list"]), ("list --dir ", []),
        ] as [(String, [String])])
    func `the words that may stand there are those that begin so`(line: String, expected: [String]) {
        #expect(find(line).words.map(\.text) == expected)
    }

    @Test(
        arguments: [
            ("--dir ", .directories, ""), ("--dir=/t", .directories, "--dir="), ("--keep ", .directories, ""),
            ("-f ", .files, ""), ("--text-file name=/e", .files, "name="), ("--text-file na", nil, ""),
            ("--text-file=name=/e", .files, "--text-file=name="), ("list --as ", .users, ""),
            ("--release ", .held, ""), ("--set dir=/t", .directories, "dir="), ("list old ", .events(["held"]), ""),
            ("--run job -- gi", .command(after: 4), ""), ("--run job -- git ch", .command(after: 4), ""),
            ("job -- gi", nil, ""), ("--dir --run -- gi", nil, ""), ("a name=/e", nil, ""),
        ] as [(String, Completions.Source?, String)])
    func `what no table knows is for the shell or the program`(
        line: String, source: Completions.Source?, prefix: String
    ) {
        let found = find(line)
        #expect(found.source == source && found.prefix == prefix)
    }

    @Test func `an explanation is the whole first sentence`() {
        #expect(find("--run").words.map(\.purpose) == ["Run EVENT.started"])
        #expect(find("--dir").words.map(\.purpose) == ["Where it is"])
        #expect(find("--sync=d").lines == ":none\t\n--sync=data\t\n")
        #expect(find("--keep ").lines == ":directories\t\noff\t\n")
    }

    @Test(arguments: WSQueueArguments.Shell.allCases)
    func `a script asks the program that is typed`(shell: WSQueueArguments.Shell) {
        #expect(shell.script("demo", asking: "completion words").contains("completion words -- "))
    }

    private func find(_ line: String) -> Completions {
        Self.table.completions(of: line.split(separator: " ", omittingEmptySubsequences: false).map(String.init))
    }
}
