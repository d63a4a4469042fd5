internal import Glibc
internal import WSQueueSystem

/// The server under test: what it has used so far, and its end.
struct ServerProcess {
    /// The processes that were started or named.
    private let roots: [Int32]
    /// Whether this program started it and has to end it.
    private let isOwn: Bool

    /// Attaches to processes that run already.
    init(attachedTo identifiers: [Int32]) {
        roots = identifiers
        isOwn = false
    }

    /// Starts a program (posix_spawnp(3)); what it prints on standard error goes to `log`.
    init(starting command: [String], log: String) throws(SystemCallError) {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 2, log, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        var words = unsafe command.map { unsafe strdup($0) }
        defer { for index in unsafe words.indices { unsafe free(words[index]) } }
        unsafe words.append(nil)
        var identifier: pid_t = 0
        let code = unsafe posix_spawnp(&identifier, command[0], &actions, nil, words, environ)
        guard code == 0 else { throw SystemCallError(call: "posix_spawn", object: command[0], code: code) }
        roots = [identifier]
        isOwn = true
    }

    /// Asks a server that was started here to end, and waits for that; after ten seconds it is killed.
    func end() {
        guard isOwn, let identifier = roots.first else { return }
        kill(identifier, SIGTERM)
        for _ in 0..<10_000 {
            if waitpid(identifier, nil, WNOHANG) != 0 { return }
            Clock.pause()
        }
        kill(identifier, SIGKILL)
        _ = waitpid(identifier, nil, 0)
    }

    /// All its processes: some servers work in children of the one that is started.
    private var identifiers: [Int32] {
        roots
            + roots.flatMap { root in
                Self.text(of: "/proc/\(root)/task/\(root)/children").split(separator: " ").compactMap { Int32($0) }
            }
    }

    /// The processor time of all its threads so far, nanoseconds (/proc/PID/task/TID/schedstat).
    var processorNanoseconds: Int64 {
        identifiers.reduce(0) { sum, identifier in
            let tasks = "/proc/\(identifier)/task"
            return sum + Self.entries(of: tasks).reduce(0) { $0 + Self.firstNumber(of: "\(tasks)/\($1)/schedstat") }
        }
    }

    /// Memory of its own, anonymous and shared, in bytes; pages of program files do not count.
    var ownBytes: Int64 { memory("RssAnon") + memory("RssShmem") }

    /// All its memory in RAM, program files included, in bytes.
    var residentBytes: Int64 { memory("VmRSS") }

    private func memory(_ field: String) -> Int64 {
        identifiers.reduce(0) { sum, identifier in
            let lines = Self.text(of: "/proc/\(identifier)/status").split(separator: "\n")
            let line = lines.first { $0.hasPrefix(field + ":") } ?? ""
            return sum
                + (line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Int64($0) } ?? 0)
                * 1_024
        }
    }

    private static func entries(of path: String) -> [String] {
        var names: [String] = []
        try? Directory.open(path).forEachName { names.append(FileName($0).description) }
        return names
    }

    private static func firstNumber(of path: String) -> Int64 {
        text(of: path).split(separator: " ").first.flatMap { Int64($0) } ?? 0
    }

    private static func text(of path: String) -> String {
        let bytes = (try? InputFile.open(path).readAll(limitBytes: 65_536)) ?? []
        return String(decoding: bytes, as: UTF8.self)
    }
}
