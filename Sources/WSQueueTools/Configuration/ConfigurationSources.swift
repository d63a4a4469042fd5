package import WSQueueArguments
internal import WSQueueSystem

/// What stands behind the command line: `--set`, the environment, and a configuration file.
package enum ConfigurationSources {
    /// Adds what `--set` and the file of `--config` say to a command line that has been read with its environment.
    ///
    /// - Parameter options: Those of the command.
    /// - Throws: `ArgumentFault` for an unknown key and a line that cannot be read; ``CommandError`` when the file cannot.
    static func add(to arguments: inout ParsedArguments, for options: [Option]) throws {
        for setting in arguments.values(ServerOptions.set) {
            try arguments.add([try ConfigurationEntry.parse(setting: setting)], keys: Setting.options, for: options)
        }
        guard let file = arguments.last(ServerOptions.configFile), let path = file.value else { return }
        let bytes: [UInt8]
        do throws(SystemCallError) {
            bytes = try InputFile.open(path).readAll(limitBytes: ConfigurationFile.limitBytes)
        } catch {
            throw CommandError(.configuration, "\(file.origin): \(error)")
        }
        try arguments.add(try ConfigurationFile.parse(bytes, path: path), keys: Setting.options, for: options)
    }

    /// A variable that looks like ours and means nothing: somebody has mistyped one that does.
    ///
    /// - Parameter program: The program with all its commands, whose options name the variables.
    package static func unknownVariable(of program: OptionTable) -> ArgumentFault? {
        let ours = program.commands.flatMap { $0.options }.compactMap(\.environment)
        return UnknownVariables.first(
            among: Process.environmentNames(), prefix: "WSQUEUE_",
            known: ours + ["WSQUEUE_TOKEN"] + publisherKeys.map { "WSQUEUE_\($0)" })
    }

    /// What `wsqueue-publish` reads, which may stand in the same environment.
    private static let publisherKeys = [
        "DIR", "CHANNEL", "USER", "EXCEPT", "ID", "TTL", "AT", "IN", "JSON", "TEXT", "FILE", "TEXT_LINES", "EVERY",
        "WAIT", "SYNC", "MODE", "OUTPUT", "QUIET", "VERBOSE", "DRY_RUN",
    ]
}
