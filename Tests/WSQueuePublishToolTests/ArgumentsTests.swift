import Testing
import WSQueueArguments
import WSQueuePublish
import WSQueuePublishTool

/// What the commands make of a command line, without a program that is started.
struct ArgumentsTests {
    @Test(
        arguments: [
            ([], "the event's name is missing"), (["a", "--every", "1s"], "--every cannot be used with one event: "),
            (["a", "--text-lines"], "--text-lines cannot be used with one event: it is for --lines and --follow"),
            (["a", "--chunks"], "--chunks cannot be used with one event: it is for --follow"),
            (["a", "--stream"], "--stream cannot be used with one event: it is for --run"),
            (["a", "--at", "18:00", "--in", "1m"], "--at and --in cannot be used together"),
            (["a", "--at", "soon"], "--at: 'soon' is not a time such as"),
            (["a", "--in", "3000000000s"], "--in: '3000000000s' is not a time within 366 days from now"),
            (["a", "--in", "367d"], "--in: '367d' is not a time within 366 days"),
            (["a", "--at", "@4000000000", "-i", "invoice-10"], "--at: '@4000000000' is not a time within 366 days"),
            (["a", "--in", "1m", "-w"], "-w cannot be used with --at and --in"),
            (["a", "--hold", "--in", "1m"], "--in cannot be used with --hold"),
            (["a", "-o", "xml"], "-o: 'xml' is not id, path, json or none"),
            (["a", "-s", "most"], "-s: 'most' is not none, data or full"),
            (["a", "--ttl", "0s"], "--ttl: '0s' is not a duration of more than nothing"),
            (["a", "b"], "'b' is no field"), (["a", "b=1", "b=2"], "field 'b' is given twice"),
            (["a", "--json-file", "b"], "--json-file: 'b' is not NAME=FILE"),
            (["a", "-", "-j", "1"], "more than one payload"), (["a", "--clear"], "--clear wants --key"),
            (["a", "-k", "x", "-u", "1"], "-u cannot be used with -k: state is for all who listen"),
            (["a", "--key", "x", "-x", "1"], "-x cannot be used with --key"),
        ] as [([String], String)])
    func `one event is refused with a reason`(words: [String], reason: String) {
        refuses(words, reason) { arguments throws(ArgumentFault) in _ = try EventCommand(arguments) }
    }

    @Test(arguments: [
        (["a", "b"], "'b' is one word too many for --lines"), (["-i", "x", "a"], "-i cannot be used with --lines"),
        (["-j", "1", "a"], "-j cannot be used with --lines"), (["--every", "1s"], "--every cannot be used"),
        (["-c", "x"], "-c cannot be used with --lines without EVENT"),
        (["--text-lines"], "--text-lines cannot be used with --lines without EVENT"),
        (["a", "--at", "@1795284000", "-w"], "-w cannot be used with --at and --in"),
        (["-k", "x"], "-k cannot be used with --lines without EVENT"),
        (["a", "-k", "x", "--clear"], "--clear cannot be used with --lines"),
    ])
    func `a batch is refused with a reason`(words: [String], reason: String) {
        refuses(words, reason) { arguments throws(ArgumentFault) in _ = try LinesCommand(arguments) }
    }

    @Test(arguments: [
        (["a", "-w"], "-w cannot be used with --follow"), (["a", "-n"], "-n cannot be used with --follow"),
        (["a", "--every", "x"], "--every: 'x' is not a duration"),
        (["a", "-k", "x", "--clear"], "--clear cannot be used with --follow"),
    ])
    func `lines without end are refused with a reason`(words: [String], reason: String) {
        refuses(words, reason) { arguments throws(ArgumentFault) in _ = try FollowCommand(arguments) }
    }

    @Test(arguments: [
        (["--release", "x", "a"], "'a' is one word too many"), (["--abort", "x", "-w"], "-w cannot be used"),
        (["--cancel", "x", "-c", "c"], "-c cannot be used with --release, --abort and --cancel"),
        (["--release", "x", "-k", "k"], "-k cannot be used with --release"),
        (["--abort", "x", "--clear"], "--clear cannot be used with --release"),
    ])
    func `the word to an event that waits is refused with a reason`(words: [String], reason: String) {
        refuses(words, reason) { arguments throws(ArgumentFault) in _ = try HeldCommand(arguments) }
    }

    @Test(arguments: [
        (["a"], "--run wants the event's name, -- and a command"),
        (["a", "b", "--", "c"], "'b' is no field; for a text, -t b"),
        (["a", "tail=1", "--", "c"], "field 'tail' is what --run says itself"),
        (["a", "n:=1,5", "--", "c"], "field 'n'"),
        (["-j", "1", "a", "--", "c"], "-j cannot be used with --run"),
        (["-k", "x", "--clear", "a", "--", "c"], "--clear cannot be used with --run"),
    ])
    func `a command to run is refused with a reason`(words: [String], reason: String) {
        refuses(words, reason) { arguments throws(ArgumentFault) in _ = try RunCommand(arguments) }
    }

    @Test func `a user that a variable gives is not silently left out of a state`() throws {
        let arguments = try OptionTable.publish.parse(["a", "-k", "x"]) { $0 == "WSQUEUE_USER" ? "7" : nil }
        let fault = #expect(throws: ArgumentFault.self) { _ = try EventCommand(arguments) }
        #expect(fault?.description.contains("WSQUEUE_USER cannot be used with -k") == true)
    }

    @Test func `an option that only a variable gives conflicts with none on the command line`() throws {
        let environment = ["WSQUEUE_EVERY": "1s", "WSQUEUE_TEXT": "x", "WSQUEUE_AT": "18:00", "WSQUEUE_IN": "1m"]
        let words = ["a", "--in", "2m", "b=c"]
        _ = try EventCommand(try OptionTable.publish.parse(words) { environment[$0] })
    }

    @Test(
        arguments: [
            (.publishing(PublishError(.noDirectory, reason: "")), .cannotCreate),
            (.publishing(PublishError(.cannotCreate, reason: "")), .cannotCreate),
            (.publishing(PublishError(.notPermitted, reason: "")), .notPermitted),
            (.publishing(PublishError(.writeFailed, reason: "")), .inputOutput),
            (.publishing(PublishError(.publishedUnsafely, reason: "")), .inputOutput),
            (.publishing(PublishError(.tryAgain, reason: "")), .tryAgain),
            (.publishing(PublishError(.notFound, reason: "")), .noInput),
            (.publishing(PublishError(.size(limitBytes: 1))), .badData), (.output("full"), .inputOutput),
            (.unsent(UnsentEvent(.refused, "")), .badData), (.unsent(UnsentEvent(.stillQueued, "")), .tryAgain),
            (.unsent(UnsentEvent(.noServer, "")), .unavailable), (.interrupted, .bug),
        ] as [(CommandFault, WSQueueArguments.ExitStatus)])
    func `a script can tell from the status what to do`(fault: CommandFault, status: WSQueueArguments.ExitStatus) {
        #expect(fault.exitStatus == status)
    }

    private func refuses(
        _ words: [String], _ reason: String, _ make: (ParsedArguments) throws(ArgumentFault) -> Void
    ) {
        let fault = #expect(throws: ArgumentFault.self) {
            try make(try OptionTable.publish.parse(words) { _ in nil })
        }
        #expect(fault?.description.contains(reason) == true, "\(String(describing: fault))")
    }
}
