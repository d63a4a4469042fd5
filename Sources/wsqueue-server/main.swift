internal import WSQueueArguments
internal import WSQueueSystem

Process.exit(Program.run().rawValue)
