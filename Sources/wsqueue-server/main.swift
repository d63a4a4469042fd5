internal import WSQueueArguments
internal import WSQueueCommandLine
internal import WSQueueExplain
internal import WSQueueSystem
internal import WSQueueTools

StandardStream.takeNumbersOfClosed()
let commands = CommandTable(
    [
        RunCommand.self, CheckCommand.self, DoctorCommand.self, StatusCommand.self, TailCommand.self, QueueCommand.self,
        ExplainCommand.self, KickCommand.self, TokenCommand.self, CompletionCommand.self,
    ], standard: RunCommand.self)
Process.exit(commands.run(Process.arguments(), on: .standard).rawValue)
