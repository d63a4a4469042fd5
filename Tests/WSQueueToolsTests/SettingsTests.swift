import Foundation
import Support
import Testing
import WSQueueArguments
import WSQueueNet
import WSQueueOperation

@testable import WSQueueCommandLine
@testable import WSQueueTools

struct SettingsTests {
    @Test func `without a word the defaults of the table are those of the configuration`() throws {
        let settings = try settings([])
        let plain = Configuration()
        #expect(settings.configuration.addresses == plain.addresses && settings.configuration.prefersPassedSockets)
        #expect(settings.configuration.pollMilliseconds == plain.pollMilliseconds)
        #expect(settings.configuration.journalEvents == plain.journalEvents)
        #expect(settings.configuration.journalBytes == plain.journalBytes)
        #expect(settings.configuration.eventLimitBytes == plain.eventLimitBytes)
        #expect(settings.configuration.slowClients.limitBytes == plain.slowClients.limitBytes)
        #expect(settings.configuration.redis == nil && settings.logLevel == .info)
        guard case .standardError = settings.logDestination else { throw Unexpected() }
    }

    @Test(arguments: [
        (["--port", "9000"], ["127.0.0.1:9000"]), (["--host", "::1"], ["[::1]:8081"]),
        (["--host", "0.0.0.0", "--port", "1"], ["0.0.0.0:1"]),
        (["--listen", "127.0.0.1:1", "--port", "2"], ["127.0.0.1:1", "127.0.0.1:2"]),
        (["--listen", "unix:/x", "--listen", "systemd:a"], ["unix:/x"]),
    ])
    func `host and port are one address more`(words: [String], addresses: [String]) throws {
        #expect(try settings(words).configuration.addresses.map(\.description) == addresses)
    }

    @Test func `what is given nearer counts more`() throws {
        try withTemporaryDirectory { path in
            let file = "\(path)/c"
            try "poll = 1s\nthreads = 3\nping = 1s\nlisten = 127.0.0.1:1\n".write(
                toFile: file, atomically: false, encoding: .utf8)
            let environment = ["WSQUEUE_POLL": "2s", "WSQUEUE_THREADS": "4", "WSQUEUE_PORT": "2"]
            let words = ["--config", file, "--set", "poll=3s", "--poll", "4s"]
            let configuration = try settings(words, environment).configuration
            #expect(configuration.pollMilliseconds == 4_000 && configuration.threads == 4)
            #expect(configuration.pingMilliseconds == 1_000)
            #expect(configuration.addresses.map(\.description) == ["127.0.0.1:2"])
        }
    }

    @Test(arguments: [
        ("listen", "x:y"), ("port", "70000"), ("trusted-proxy", "x"), ("page", "maybe"), ("jwt-algorithm", "HS1"),
        ("authorize-url", "https://x"), ("event-size", "2G"), ("clients-per-address", "-1"), ("channels", "0"),
        ("messages-per-minute", "x"), ("frame-rate", "x"), ("backlog", "0"), ("ping", "1ms"), ("pong", "25h"),
        ("presence-grace", "x"), ("behind-age", "1ms"), ("log-level", "loud"), ("log-format", "xml"),
        ("log-events", "some"), ("watch", "no"), ("threads", "0"), ("journal-age", "0s"), ("journal-size", "1K"),
        ("redis", "http://x"), ("redis", "redis://u:secret@"), ("redis-stream", "a b"), ("redis-replicas", "17"),
        ("drain", "x"), ("ready-age", "0ms"), ("origin", "example.org"), ("path", "ws"), ("path", "/a?b"), ("path", ""),
        ("path", "/a%20b"), ("payload-key", "seq"), ("payload-key", ""), ("journal", "OFF"), ("journal", "no"),
        ("jwt-audience", ""),
    ])
    func `a value that is none is refused with its place`(key: String, value: String) {
        let fault = #expect(throws: ArgumentFault.self) { try settings(["--set", "\(key)=\(value)"]) }
        #expect(fault?.exitStatus == .configuration && fault?.description.contains(key) == true)
        #expect(fault?.description.contains("secret") == false)
    }

    @Test func `what is given reaches the configuration`() throws {
        let words = [
            "--origin", "https://a", "--origin", "https://b", "--trusted-proxy", "10.0.0.0/8", "--page", "off",
            "--jwt-algorithm", "HS256", "--hold-without-clients", "--journal", "off", "--journal-age", "1h",
            "--messages-per-minute", "0", "--frame-rate", "0", "--redis", "redis://127.0.0.1:1", "--redis-replicas",
            "2",
            "--redis-password-file", "/p", "--log-file", "/l", "--log-format", "json", "--log-events", "off",
            "--authorize-url", "http://127.0.0.1:1/x", "--rules", "/r", "--path", "/ws", "--queue", "/q",
            "--presence-grace", "2s", "--behind-size", "2M",
        ]
        let settings = try settings(words)
        let configuration = settings.configuration
        #expect(
            configuration.origins == [.one("https://a"), .one("https://b")] && configuration.trustedProxies.count == 1)
        #expect(configuration.pageReaders == .nobody && configuration.tokenAlgorithms == [.hs256])
        #expect(configuration.holdsWithoutClients && configuration.journalPlace == .off)
        #expect(configuration.journalSeconds == 3_600 && configuration.messageRate == nil)
        #expect(configuration.frameRate == nil && configuration.redis?.replicas == 2)
        #expect(configuration.redis?.passwordPath == "/p" && configuration.queuePath == "/q")
        #expect(configuration.presence.graceNanoseconds == 2_000_000_000 && configuration.path == "/ws")
        #expect(configuration.slowClients.limitBytes == 2 * 1_048_576 && configuration.rulesPath == "/r")
        guard case .file("/l") = settings.logDestination, case .json = settings.effectiveLogFormat else {
            throw Unexpected()
        }
    }

    @Test(arguments: [
        (["--dir", "a", "--dir", "b"], ["dir a"]), (["--dir", "a", "--queue", "b", "--dir", "b"], ["dir a"]),
        (["--set", "poll=1s", "--set", "poll=2s"], ["poll 1s"]), (["--dir", "a", "--dir", "a"], []),
        (["--hold-without-clients", "--set", "hold-without-clients=no"], []),
        (["-l", "unix:/a", "-l", "unix:/b", "--origin", "https://a", "--origin", "https://b"], []),
        (["--set", "poll=1s", "--poll", "2s"], []), (["--jwt-algorithm", "HS256"], ["jwt-algorithm"]),
        (["--jwt-audience", "a", "--jwt-secret-file", "f"], []), (["--jwt-audience", "a"], ["jwt-audience"]),
        (["--redis-stream", "a", "--redis-replicas", "1"], ["redis-stream", "redis-replicas"]),
        (["--redis-stream", "a", "--redis", "redis://h"], []),
        (["--redis-password-file", "f"], ["redis-password-file"]),
        (["--trusted-proxy", "unix"], []), (["--trusted-proxy", "unix", "-p", "1"], ["trusted-proxy unix"]),
        (["--trusted-proxy", "unix", "-p", "1", "-l", "unix:/x"], []),
        (["--trusted-proxy", "unix", "-l", "systemd:x"], []), (["--ping", "5s"], []),
        (["--pong", "25s"], ["pong"]), (["--pong", "24s"], []), (["--log-events", "all"], []),
        (["--log-events", "all", "--log-level", "notice"], ["log-events"]), (["--log-level", "error"], []),
        (["--log-events", "off", "--log-level", "error"], []), (["--clients-per-address", "3"], []),
        (["--clients-per-address", "3", "--clients", "2"], ["clients-per-address"]),
        (["--origin", "*", "--origin", "https://a"], ["origin"]), (["--origin", "*"], []),
    ])
    func `what is given and does nothing is named`(words: [String], told: [String]) throws {
        let table = OptionTable("t", forms: [], summary: "", options: Setting.options + ServerOptions.sources)
        var arguments = try table.parse(words)
        try ConfigurationSources.add(to: &arguments, for: table.options)
        let warnings = try ServerSettings(arguments).warnings(
            arguments, UnknownVariables(among: [], own: [], siblings: []))
        #expect(warnings.map { [$0.subject, $0.given].compactMap(\.self).joined(separator: " ") } == told)
        #expect(warnings.allSatisfy { "\($0)".hasPrefix("warning: ") && !$0.hint.isEmpty })
    }

    @Test(arguments: [
        ([], false), (["--journal", "off"], true), (["--journal", "off", "--redis", "redis://h"], false),
    ])
    func `check says what is in memory only`(words: [String], isSaid: Bool) {
        let screen = Screen()
        #expect(run(["check"] + words, on: screen) == .success)
        #expect(screen.complaints.contains { $0.contains("in memory only") } == isSaid)
    }

    @Test(arguments: [
        ("/ws/../x", "as browsers"), ("/./ws", "as browsers"), ("/ws/..", "as browsers"), ("/ws/.", "as browsers"),
        ("/a\\b", "as browsers"), ("/*", "without patterns"), ("/ws/*", "without patterns"),
        ("/rooms/{id}", "without patterns"), ("/a}", "without patterns"), ("ws", "a path"), ("/ws?a", "a path"),
        ("/a%20b", "a path"), ("", "a path"),
    ])
    func `a path that no browser sends, or that is meant as a pattern, is refused`(text: String, wanted: String) {
        let fault = #expect(throws: ArgumentFault.self) { try settings(["--path", text]) }
        #expect(fault.map { "\($0)".contains(wanted) } == true)
    }

    @Test(arguments: ["/", "/ws", "/ws/", "/a&b", "/.well-known/ws", "/a..b", "/...", "/a b", "/caf\u{E9}", "/a~b(c)"])
    func `any other path is taken as it is`(text: String) throws {
        #expect(try settings(["--path", text]).configuration.path == text)
    }

    @Test func `variables of others are named once, and what a cluster says of a service is none of ours`() throws {
        let variables = ConfigurationSources.unknownVariables(among: [
            ("WSQUEUE_PORT", "tcp://10.0.0.1:80"), ("WSQUEUE_SERVICE_HOST", "10.0.0.1"), ("WSQUEUE_API_URL", "x"),
            ("WSQUEUE_POLL", "1s"), ("WSQUEUE_TTL", "1s"),
        ])
        #expect(variables.slips.isEmpty && variables.others == ["WSQUEUE_API_URL", "WSQUEUE_SERVICE_HOST"])
        let warnings = try settings([]).warnings(
            try OptionTable("t", forms: [], summary: "", options: Setting.options).parse([]), variables)
        #expect(warnings.map(\.subject) == ["WSQUEUE_API_URL WSQUEUE_SERVICE_HOST"])
        let slips = ConfigurationSources.unknownVariables(among: [("WSQUEUE_CHANNEL", "a"), ("WSQUEUE_LISTN", "b")])
        #expect(
            slips.slips.map(\.description) == [
                "WSQUEUE_CHANNEL: no such variable is known; did you mean WSQUEUE_CHANNELS?",
                "WSQUEUE_LISTN: no such variable is known; did you mean WSQUEUE_LISTEN?",
            ])
    }

    @Test func `the list of the server's variables is that of its options`() {
        let tables = [
            CheckCommand.table, DoctorCommand.table, StatusCommand.table, TailCommand.table, TokenCommand.table,
        ]
        let known = Set(tables.flatMap { $0.options }.compactMap(\.environment) + ["WSQUEUE_TOKEN"])
        #expect(known == Set(ProgramVariables.ofServer))
    }

    @Test func `check prints what counts and where it comes from, and can be read again`() throws {
        try withTemporaryDirectory { path in
            let screen = Screen()
            let words = ["check", "-d", "\(path)/a #b", "--port", "9000", "--redis", "redis://u:pw@127.0.0.1:1"]
            #expect(run(words, on: screen, environment: ["WSQUEUE_POLL": "5s"]) == .success)
            #expect(screen.output.contains("dir = \"\(path)/a #b\""))
            #expect(screen.output.contains("redis = redis://u:...@127.0.0.1:1"))
            #expect(screen.lines.contains { $0.hasPrefix("poll = 5s") && $0.hasSuffix("# WSQUEUE_POLL") })
            #expect(screen.lines.contains { $0.hasPrefix("ping = 25s") && $0.hasSuffix("# default") })
            let file = "\(path)/c"
            try screen.output.write(toFile: file, atomically: false, encoding: .utf8)
            let again = Screen()
            #expect(run(["check", "--config", file], on: again) == .success, "\(again.complaints)")
            #expect(again.output.contains("listen = 127.0.0.1:9000"))
        }
    }

    @Test func `check tells of every fault`() throws {
        try withTemporaryDirectory { path in
            let screen = Screen()
            let words = ["check", "--rules", "\(path)/none", "--set", "poll=x", "--set", "ping=x"]
            #expect(run(words, on: screen) == .configuration)
            #expect(screen.complaints.count == 3 && screen.complaints.last?.contains("--rules") == true)
            try "[]".write(toFile: "\(path)/rules", atomically: false, encoding: .utf8)
            let good = Screen()
            #expect(run(["check", "--rules", "\(path)/rules"], on: good) == .success, "\(good.complaints)")
            #expect(good.lines.last?.hasPrefix("# \(path)/rules: ") == true)
        }
    }

    @Test func `warn is understood for warning, and is not among the words`() throws {
        #expect(try settings(["--log-level", "warn"]).logLevel == .warning)
        #expect(try settings([], ["WSQUEUE_LOG_LEVEL": "warn"]).logLevel == .warning)
        let fault = #expect(throws: ArgumentFault.self) { try settings(["--log-level", "warm"]) }
        #expect(fault.map { "\($0)".contains("one of error, warning, notice, info, debug") } == true)
    }

    @Test func `the installed settings are read where neither they nor a queue are named`() throws {
        try withTemporaryDirectory { path in
            let installed = "\(path)/server.conf"
            func directory(_ words: [String], _ environment: [String: String] = [:]) throws -> String? {
                var arguments = try CheckCommand.table.parse(words) { environment[$0] }
                try ConfigurationSources.add(to: &arguments, for: CheckCommand.table.options, installed: installed)
                return arguments.value(ServerOptions.directory)
            }
            #expect(try directory([]) == nil)
            try "dir = /installed\nport = 9000\n".write(toFile: installed, atomically: false, encoding: .utf8)
            try "dir = /other\n".write(toFile: "\(path)/other.conf", atomically: false, encoding: .utf8)
            #expect(try directory([]) == "/installed")
            #expect(try directory(["-d", "/q"]) == "/q" && directory(["--set", "dir=/q"]) == "/q")
            #expect(try directory([], ["WSQUEUE_DIR": "/q"]) == "/q")
            #expect(try directory(["-c", "\(path)/other.conf"]) == "/other")
            #expect(try directory([], ["WSQUEUE_CONFIG": "\(path)/other.conf"]) == "/other")
            // A queue that is named is another server's than the installed one, and so is everything else.
            var arguments = try CheckCommand.table.parse(["-d", "/q"])
            try ConfigurationSources.add(to: &arguments, for: CheckCommand.table.options, installed: installed)
            #expect(arguments.file == nil && arguments.last(Setting.port) == nil)
            try "dirr = /q\n".write(toFile: installed, atomically: false, encoding: .utf8)
            let fault = #expect(throws: ArgumentFault.self) { try directory([]) }
            #expect(fault.map { "\($0)".contains("\(installed):1") } == true)
        }
    }

    private func settings(
        _ words: [String], _ environment: [String: String] = [:]
    ) throws -> ServerSettings {
        var arguments = try CheckCommand.table.parse(words) { environment[$0] }
        try ConfigurationSources.add(to: &arguments, for: CheckCommand.table.options)
        return try ServerSettings(arguments)
    }

    private struct Unexpected: Error {}
}
