package import WSQueueArguments
internal import WSQueueSystem

/// What stands behind the command line: `--set`, the environment, and a configuration file.
package enum ConfigurationSources {
    /// What is read where neither `--config` nor `--dir` is given: the settings of the package, so that after installing
    /// it every command is about the server that it runs.
    package static let installedPath = "/etc/wsqueue/server.conf"

    /// Adds what `--set` and a configuration file say to a command line that has been read with its environment: the file
    /// of `--config`, or the installed one where it is there and may be read.
    ///
    /// - Parameter options: Those of the command.
    /// - Throws: `ArgumentFault` for an unknown key and a line that cannot be read; ``CommandError`` when the file cannot.
    package static func add(
        to arguments: inout ParsedArguments, for options: [Option], installed: String = Self.installedPath
    ) throws {
        for setting in arguments.values(ServerOptions.set) {
            try arguments.add([try ConfigurationEntry.parse(setting: setting)], keys: Setting.options, for: options)
        }
        let file = arguments.last(ServerOptions.configFile)
        guard file != nil || arguments.last(ServerOptions.directory) == nil else { return }
        let path = file?.value ?? installed
        let bytes: [UInt8]
        do throws(SystemCallError) {
            bytes = try InputFile.open(path).readAll(limitBytes: ConfigurationFile.limitBytes)
        } catch {
            // Nobody has asked for it.
            if file == nil, error.isNotFound || error.isPermission { return }
            throw CommandError(.configuration, file.map { "\($0.origin): \(error)" } ?? "\(error)")
        }
        try arguments.add(try ConfigurationFile.parse(bytes, path: path), keys: Setting.options, for: options)
    }

    /// What the environment says that no program of ours reads.
    ///
    /// - Parameter variables: Those that begin as ours do.
    package static func unknownVariables(
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
