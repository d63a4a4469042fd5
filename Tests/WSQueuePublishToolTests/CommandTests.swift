import Foundation
import Support
import Testing

/// The program as a shell sees it.
struct CommandTests {
    @Test func `an event is queued without a word`() throws {
        try withQueue { queue in
            let outcome = try run(["-d", queue.path, "order.created", "id:=7", "name=J D", "-c", "orders", "-u", "42"])
            #expect(outcome == Outcome(status: 0, output: "", error: ""))
            let text = try #require(try queue.contents().first)
            #expect(
                text.hasPrefix("{\"event\":\"order.created\",\"payload\":{\"id\":7,\"name\":\"J D\"},\"timestamp\":"))
            #expect(text.hasSuffix(",\"channels\":[\"orders\"],\"recipients\":[42]}\n"))
        }
    }

    @Test func `the directory comes from the environment, or is queue below the current one`() throws {
        try withQueue { queue in
            let named = try run(["a"], environment: ["WSQUEUE_DIR": queue.path])
            #expect(try named.status == 0 && queue.names().count == 1)
            // Where the package is installed, its queue comes first, and that one is no test's.
            guard !FileManager.default.fileExists(atPath: "/var/spool/wsqueue") else { return }
            let below = try run(["a"], directory: URL(filePath: queue.path).deletingLastPathComponent().path)
            #expect(try below.status == 0 && queue.names().count == 2)
        }
    }

    @Test func `a umask that hides everything hides no event`() throws {
        try withQueue { queue in
            let command = try "umask 0777; exec '\(program())' -d '\(queue.path)' a"
            #expect(try run(["-c", command], program: "/bin/sh").status == 0)
            let file = "\(queue.path)/\(try #require(try queue.names().first))"
            let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
            #expect(mode == 0o644)
        }
    }

    @Test(arguments: [
        (["a"], "null"), (["a", "-j", "{\"b\": 1.0}"], "{\"b\": 1.0}"), (["a", "-t", "x\ty"], "\"x\\ty\""),
        (["a", "-"], "[1]"), (["a", "-f", "-"], "[1]"), (["--", "a", "-t=x"], "{\"-t\":\"x\"}"),
        (["a", "b=@/etc/passwd", "c@=d"], "{\"b\":\"@/etc/passwd\",\"c@\":\"d\"}"),
        (["a", "--json-file", "b=-"], "{\"b\":[1]}"),
    ])
    func `a payload comes from where the command line says`(words: [String], payload: String) throws {
        let outcome = try run(["-n"] + words, input: "[1]\n")
        #expect(outcome.status == 0)
        #expect(outcome.output.hasPrefix("{\"event\":\"a\",\"payload\":\(payload),\"timestamp\":"))
    }

    @Test(arguments: [
        (["-k", "job:42", "a"], ",\"key\":\"job:42\"}\n"),
        (["-k", "a\"b", "--clear", "a"], ",\"key\":\"a\\\"b\",\"clear\":true}\n"),
        (["--lines", "-k", "k", "a"], ",\"key\":\"k\"}\n"),
    ])
    func `an event is the state of a key, or its end`(words: [String], end: String) throws {
        let outcome = try run(["-n"] + words, input: "1\n")
        #expect(outcome.status == 0 && outcome.output.hasSuffix(end), "\(outcome)")
    }

    @Test func `a key has no variable`() throws {
        let outcome = try run(["-n", "a"], environment: ["WSQUEUE_KEY": "k", "WSQUEUE_CLEAR": "1"])
        #expect(outcome.status == 0 && !outcome.output.contains("key"))
    }

    @Test func `the start and the end of a command are one state`() throws {
        try withQueue { queue in
            _ = try run(["-d", queue.path, "-k", "nightly", "--run", "backup", "--", "true"])
            let texts = try queue.contents()
            #expect(texts.count == 2 && texts.allSatisfy { $0.hasSuffix(",\"key\":\"nightly\"}\n") }, "\(texts)")
        }
    }

    @Test func `standard input is left to whom it belongs`() throws {
        try withQueue { queue in
            let script = try "printf '1\\n2\\n' | while read n; do '\(program())' -d '\(queue.path)' a n:=$n; done"
            #expect(try run(["-c", script], program: "/bin/sh").status == 0)
            #expect(try queue.names().count == 2)
        }
    }

    @Test(arguments: [
        (["id"], #"^[0-9]{19}-[0-9]+-1-[0-9a-f]{8}\n$"#), (["path"], #"^/.*/queue/[0-9]{19}-.*\.json\n$"#),
        (["json"], #"^\{"id":"[0-9].*","path":"/.*","bytes":[0-9]+,"events":1,"new":true\}\n$"#), (["none"], "^$"),
    ])
    func `the receipt is printed as asked`(form: [String], pattern: String) throws {
        try withQueue { queue in
            let outcome = try run(["-d", queue.path, "a", "-o", form[0]])
            #expect(outcome.status == 0 && outcome.error.isEmpty)
            #expect(outcome.output.range(of: pattern, options: .regularExpression) != nil, "\(outcome.output)")
        }
    }

    @Test(
        arguments: [
            ([], 64, "the event's name is missing"), (["a", "b"], 64, "'b' is no field"),
            (["a", "--tll", "5s"], 64, "did you mean --ttl?"),
            (["a", "--follow", "-w"], 64, "-w cannot be used with --follow"),
            (["a", "--ttl", "5"], 64, "--ttl: '5' is not a duration"),
            (["a", "--ttl", "0s"], 64, "--ttl: '0s' is not"),
            (["a", "-x", "me"], 64, "-x: 'me' is not"), (["a", "-j", "1", "-t", "1"], 64, "more than one payload"),
            (["a", "b=1", "b:=2"], 64, "'b' is given twice"), (["a", "--mode", "0888"], 64, "--mode: '0888'"),
            (["a", "-s", "most"], 64, "-s: 'most' is not none, data or full"), (["a", "-o", "xml"], 64, "-o: 'xml'"),
            (["--lines", "a", "b"], 64, "'b' is one word too many"),
            (["--lines", "-i", "x", "a"], 64, "-i cannot be used"),
            (["--lines", "-c", "x"], 64, "-c cannot be used"), (["a", "-j", "{"], 65, "the payload is not JSON"),
            (["a", "b:=nul"], 65, "field 'b'"), (["", "-j", "1"], 65, "the event's name is empty"),
            (["a", "-c", "b c"], 65, "the channel \"b c\""),
            (["a", "-f", "/nonexistent"], 66, "/nonexistent: no such file"),
            (["a", "--text-file", "b=/nonexistent"], 66, "/nonexistent: no such file"),
            (["a", "b:=@/nonexistent"], 65, "a file is read by --json-file b=FILE"),
            (["-d", "/nonexistent", "a"], 73, "create it, or name the directory"),
            (["-d", "/dev/null", "a"], 73, "not a directory"),
        ] as [([String], Int32, String)])
    func `a failure has its status and says why in one line`(words: [String], status: Int32, text: String) throws {
        let outcome = try run(words)
        #expect(outcome.status == status)
        #expect(outcome.output.isEmpty)
        #expect(outcome.error.hasPrefix("wsqueue-publish: ") && outcome.error.contains(text), "\(outcome.error)")
        #expect(outcome.error.split(separator: "\n").count == 1)
    }

    @Test func `a wrong variable is configuration, and quiet leaves only the status`() throws {
        #expect(try run(["a"], environment: ["WSQUEUE_SYNC": "most"]).status == 78)
        let outcome = try run(["-q", "-d", "/nonexistent", "a"])
        #expect(outcome == Outcome(status: 73, output: "", error: ""))
    }

    @Test func `words that are not UTF-8 are refused and not repaired`() throws {
        let outcome = try run(["-c", "exec '\(program())' -n a \"n=$(printf 'caf\\351')\""], program: "/bin/sh")
        #expect(outcome.status == 64)
        #expect(outcome.error.contains("word 3 of the command line is not UTF-8"))
    }

    @Test func `without a free descriptor it is to be tried again`() throws {
        try withQueue { queue in
            // The fourth is the loader's, before it is the directory's.
            let script = try "ulimit -n 4; exec '\(program())' -d '\(queue.path)' a"
            let outcome = try run(["-c", script], program: "/bin/sh")
            #expect(outcome.status == 75, "\(outcome.error)")
        }
    }

    @Test func `a file over the limit of the shell is an error and leaves nothing behind`() throws {
        try withQueue { queue in
            let script = try "ulimit -f 0; exec '\(program())' -q -d '\(queue.path)' a"
            let outcome = try run(["-c", script], program: "/bin/sh")
            #expect(outcome.status == 74)
            #expect(try queue.names() == [])
        }
    }

    @Test func `a full disk behind standard output is an error`() throws {
        let outcome = try run(["-c", "exec '\(program())' -n a >/dev/full"], program: "/bin/sh")
        #expect(outcome.status == 74)
    }

    @Test func `lines make one batch, or nothing`() throws {
        try withQueue { queue in
            let good = try run(["-d", queue.path, "--lines", "row", "-o", "json"], input: "1\n\n{\"a\":2}\r\n3")
            #expect(good.status == 0)
            #expect(good.output.contains("\"events\":3,"))
            #expect(try queue.names().count == 1)
            #expect(try #require(try queue.contents().first).split(separator: "\n").count == 3)
            let bad = try run(["-d", queue.path, "--lines", "row"], input: "1\n2\nthree\n")
            #expect(bad.status == 65)
            #expect(bad.error.contains("line 3: the payload is not JSON"))
            #expect(try run(["-d", queue.path, "--lines"], input: "").status == 0)
            #expect(try queue.names().count == 1)
        }
    }

    @Test func `a long batch with a fault at its end leaves nothing behind`() throws {
        try withQueue { queue in
            let line = "{\"event\":\"a\",\"payload\":\"\(String(repeating: "x", count: 1_000))\"}\n"
            let input = String(repeating: line, count: 1_000)
            let bad = try run(["-d", queue.path, "--lines"], input: input + "{}\n")
            #expect(bad.status == 65 && bad.error.contains("line 1001: no event"))
            #expect(try queue.names() == [])
            #expect(try run(["-d", queue.path, "--lines"], input: input).status == 0)
            #expect(try queue.contents() == [input])
        }
    }

    @Test func `a line longer than an event may be is refused, and one just as long is not`() throws {
        try withQueue { queue in
            let frame = "{\"event\":\"a\",\"payload\":\"\"}\n".utf8.count
            let filler = String(repeating: "x", count: 1_048_576 - frame)
            let good = "{\"event\":\"a\",\"payload\":\"\(filler)\"}\n"
            #expect(try run(["-d", queue.path, "--lines"], input: "\n" + good + good).status == 0)
            let bad = try run(
                ["-d", queue.path, "--lines"], input: good + "{\"event\":\"a\",\"payload\":\"\(filler)x\"}\n")
            #expect(bad.status == 65 && bad.error.contains("line 2: the event is larger than the 1048576 bytes"))
            #expect(try queue.contents() == [good + good])
        }
    }

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
    func `a signal in the middle of a batch removes what was written`(signal: Int32) throws {
        try withQueue { queue in
            let (process, input) = try start(["-d", queue.path, "--lines", "row"])
            let line = Data("\"\(String(repeating: "x", count: 999))\"\n".utf8)
            for _ in 0..<1_000 { try feed(line, to: input) }
            while try queue.names().isEmpty, process.isRunning { sched_yield() }
            let names = try queue.names()
            #expect(names.count == 1 && names.allSatisfy { $0.hasPrefix(".") })
            kill(process.processIdentifier, signal)
            process.waitUntilExit()
            #expect(process.terminationReason == .uncaughtSignal && process.terminationStatus == signal)
            #expect(try queue.names() == [])
        }
    }

    @Test func `help and version are printed and nothing is queued`() throws {
        #expect(try run(["--help"]).output.hasPrefix("Usage: wsqueue-publish "))
        let lines = try run(["-h"]).output.split(separator: "\n")
        #expect(lines.allSatisfy { $0.count <= 80 })
        #expect(try run(["-V"]).output.hasPrefix("wsqueue-publish "))
    }
}
