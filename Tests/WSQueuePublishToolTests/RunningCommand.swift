import Foundation
import Support

/// What a program left.
struct Outcome: Equatable {
    let status: Int32
    let output: String
    let error: String
}

/// A queue directory of a test.
struct Queue {
    let path: String

    func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }

    func contents() throws -> [String] {
        try names().map { try String(contentsOfFile: "\(path)/\($0)", encoding: .utf8) }
    }
}

func withQueue(_ body: (Queue) throws -> Void) throws {
    try withTemporaryDirectory { path in
        try FileManager.default.createDirectory(atPath: "\(path)/queue", withIntermediateDirectories: false)
        try body(Queue(path: "\(path)/queue"))
    }
}

/// The program under test, which the build puts beside the tests.
func program() throws -> String {
    try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        .split(separator: "/").dropLast().map { "/\($0)" }.joined() + "/wsqueue-publish"
}

/// Runs a program to its end.
func run(
    _ words: [String], program path: String? = nil, input: String = "", environment: [String: String] = [:],
    directory: String = "/"
) throws -> Outcome {
    try withTemporaryDirectory { folder in
        // Files, because a full pipe would make the program wait.
        for name in ["in", "out", "err"] {
            try (name == "in" ? input : "").write(toFile: "\(folder)/\(name)", atomically: false, encoding: .utf8)
        }
        let process = try Process.make(words, program: path, environment: environment, directory: directory)
        process.standardInput = try FileHandle(forReadingFrom: URL(filePath: "\(folder)/in"))
        process.standardOutput = try FileHandle(forWritingTo: URL(filePath: "\(folder)/out"))
        process.standardError = try FileHandle(forWritingTo: URL(filePath: "\(folder)/err"))
        try process.run()
        process.waitUntilExit()
        return Outcome(
            status: process.terminationStatus, output: try String(contentsOfFile: "\(folder)/out", encoding: .utf8),
            error: try String(contentsOfFile: "\(folder)/err", encoding: .utf8))
    }
}

/// Starts the program with a pipe as standard input.
func start(_ words: [String]) throws -> (Process, FileHandle) {
    let process = try Process.make(words, program: nil, environment: [:], directory: "/")
    let pipe = Pipe()
    process.standardInput = pipe
    try process.run()
    return (process, pipe.fileHandleForWriting)
}

/// Writes to a program that may have ended: that is an error of the test, and no SIGPIPE, which would end all of them. The
/// signal is blocked and not ignored, because what is ignored is so in programs that other tests start meanwhile.
func feed(_ data: Data, to input: FileHandle) throws {
    var pipe = sigset_t()
    var before = sigset_t()
    var now = timespec()
    sigemptyset(&pipe)
    sigaddset(&pipe, SIGPIPE)
    pthread_sigmask(SIG_BLOCK, &pipe, &before)
    defer {
        while sigtimedwait(&pipe, nil, &now) == SIGPIPE {}
        pthread_sigmask(SIG_SETMASK, &before, nil)
    }
    try input.write(contentsOf: data)
}

extension Process {
    fileprivate static func make(
        _ words: [String], program path: String?, environment: [String: String], directory: String
    ) throws -> Process {
        let process = Process()
        process.executableURL = URL(filePath: try path ?? program())
        process.arguments = words
        // In a coverage build it would write a profile into its directory.
        let usual = ["PATH": "/usr/bin:/bin", "LLVM_PROFILE_FILE": "/dev/null"]
        process.environment = environment.merging(usual) { given, _ in given }
        process.currentDirectoryURL = URL(filePath: directory)
        return process
    }
}
