internal import WSQueueArguments
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

    /// What the environment says that no program of ours reads.
    ///
    /// - Parameter variables: Those that begin as ours do.
    static func unknownVariables(
        among variables: [(name: String, value: String)] = Process.environment(beginning: "WSQUEUE_")
    ) -> UnknownVariables {
        UnknownVariables(
            among: variables, own: ProgramVariables.ofServer,
            siblings: ProgramVariables.ofPublisher.filter { !ProgramVariables.ofServer.contains($0) })
    }

    /// The value of a variable that may be meant for us.
    package static func variable(_ name: String) -> String? {
        Process.environment(name).flatMap { UnknownVariables.isOfService(name, $0) ? nil : $0 }
    }
}
