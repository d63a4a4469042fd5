package import WSQueueArguments
package import WSQueueCommandLine
internal import WSQueueOperation
internal import WSQueueSystem

/// `wsqueue-server status`: how a running server stands.
package enum StatusCommand: Command {
    private static let json = Option("json", text: "For programs: what the server says as it is, in JSON.")

    package static let table = OptionTable.command(
        "status", forms: ["[URL] [OPTION]..."],
        summary: "Asks a running server how it stands: clients, queue, journal, and whether it is ready.",
        options: ServerCall.options + [json],
        sections: [
            OptionTable.Section(
                "Examples",
                [
                    "wsqueue-server status",
                    "wsqueue-server status -d /var/spool/wsqueue",
                    "wsqueue-server status -l unix:/run/wsqueue.sock",
                    "wsqueue-server status http://queue.example:8081 --token-file ~/.wsqueue-token",
                ]),
            OptionTable.Section(
                "Exit status",
                [
                    "0   the server is ready", "64  the command line is wrong",
                    "69  no server answers, or none holds the queue", "73  there is no such queue",
                    "75  the server is not ready; the page says why",
                    "77  the server tells this only on its own machine, or to a token whose role is admin",
                    "78  the settings are wrong",
                ]),
        ])

    package static func run(_ arguments: ParsedArguments, in program: ProgramContext) throws -> ExitStatus {
        let call = try ServerCall(arguments)
        let answer: (page: StatusPage, json: [UInt8])
        do throws(ServerCallError) {
            answer = try StatusPage.ask(call.location, token: call.token)
        } catch {
            throw CommandError(error)
        }
        if arguments.has(json) {
            try program.terminal.write(json: answer.json)
        } else {
            let backlog = call.queue.flatMap { QueueBacklog($0, unix: Clock.unixNanoseconds()) }
            try program.terminal.write(answer.page.text(backlog))
        }
        return answer.page.isReady ? .success : .tryAgain
    }
}
