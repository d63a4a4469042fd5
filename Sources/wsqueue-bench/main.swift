internal import WSQueueArguments
internal import WSQueueSystem

/// Runs the program; every error ends here, because one that left `main` would be a trap.
func run() -> ExitStatus {
    do {
        let arguments = try BenchOptions.table.parse(CommandLineWords.decode(Process.arguments()))
        if arguments.has(BenchOptions.help) {
            print(BenchOptions.table.help, terminator: "")
            return .success
        }
        _ = try DescriptorLimit.raise()
        try BenchRun(arguments).run()
        return .success
    } catch let fault as ArgumentFault {
        complain("\(fault); \(BenchOptions.table.hint)")
        return fault.exitStatus
    } catch {
        complain("\(error)")
        return .unavailable
    }
}

func complain(_ text: String) {
    let line = Array("wsqueue-bench: \(text)\n".utf8)
    try? StandardStream.error.write(line.span)
}

Process.exit(run().rawValue)
