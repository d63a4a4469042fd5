internal import CWSQueueLinux
internal import WSQueueLibc

/// A command that is run to its end, with an input of ours and the output of this process.
package enum ChildCommand {
    /// Runs the command `words[0]`, which is looked for in `PATH` (posix_spawnp(3), waitpid(2)).
    ///
    /// - Parameters:
    ///   - input: What it finds on its standard input.
    ///   - environment: Variables besides ours, which they replace; a value with a NUL in it is left out.
    ///   - secrets: Variables of ours that are not for it.
    ///   - milliseconds: How long it may take until `onSlow` is called; it runs on.
    package static func run(
        _ words: [String], input: [UInt8], environment: [(name: String, value: String)], without secrets: [String] = [],
        slowAfter milliseconds: Int32 = 0, onSlow: () -> Void = {}
    ) throws(SystemCallError) -> ChildProcess.End {
        // A file in memory and no pipe: the command may leave its input unread.
        let file = try FileDescriptor.inMemory("input")
        try file.writeAll(input.span, at: 0, object: "input")
        var actions = unsafe posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawnattr_init(&attributes)
        defer {
            unsafe posix_spawn_file_actions_destroy(&actions)
            unsafe posix_spawnattr_destroy(&attributes)
        }
        ChildSignals.expectEnds()
        ChildSignals.setUsual(&attributes)
        unsafe posix_spawn_file_actions_adddup2(&actions, file.number, STDIN_FILENO)
        var vector = unsafe words.map { unsafe strdup($0) } + [nil]
        defer { for index in words.indices { unsafe free(vector[index]) } }
        let pairs = variables(environment, without: secrets)
        var variables = unsafe pairs.map { unsafe strdup($0) } + [nil]
        defer { for index in pairs.indices { unsafe free(variables[index]) } }
        var identifier: pid_t = 0
        guard let name = unsafe vector[0] else { throw SystemCallError(call: "exec", object: "", code: ENOENT) }
        let code = unsafe posix_spawnp(&identifier, name, &actions, &attributes, &vector, &variables)
        guard code == 0 else { throw SystemCallError(call: "exec", object: words[0], code: code) }
        if milliseconds > 0, !ends(identifier, within: milliseconds) { onSlow() }
        var status: Int32 = 0
        while unsafe waitpid(identifier, &status, 0) < 0 {
            guard errno == EINTR else { throw SystemCallError(call: "waitpid", object: words[0], code: errno) }
        }
        let number = status & 0x7F
        return number == 0 ? .exited(status >> 8 & 0xFF) : .signaled(number)
    }

    /// Whether a child ends in that time (pidfd_open(2), poll(2)); not, where the kernel does not tell.
    private static func ends(_ child: pid_t, within milliseconds: Int32) -> Bool {
        let number = wsqueue_pidfd_open(child)
        guard number >= 0 else { return false }
        defer { close(number) }
        var request = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&request, 1, milliseconds) > 0
    }

    /// This process's variables and further ones, as `NAME=value`.
    private static func variables(_ more: [(name: String, value: String)], without secrets: [String]) -> [String] {
        let left = more.map { $0.name } + secrets
        var pairs: [String] = []
        var next = unsafe wsqueue_environment()
        while let list = unsafe next, let text = unsafe list.pointee {
            let pair = unsafe String(cString: text)
            if !left.contains(where: { pair.hasPrefix("\($0)=") }) { pairs.append(pair) }
            unsafe next = list + 1
        }
        return pairs + more.filter { !$0.value.utf8.contains(0) }.map { "\($0.name)=\($0.value)" }
    }
}
