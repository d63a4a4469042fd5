internal import WSQueueArguments
internal import WSQueueSystem

StandardStream.takeNumbersOfClosed()
Process.exit(Program.run().rawValue)
