package import WSQueueArguments
internal import WSQueuePublish

/// `wsqueue-publish --run EVENT -- COMMAND …`: says when a command starts and how it ended.
package struct RunCommand {
    private let arguments: ParsedArguments
    private let name: String
    private let command: [String]
    private let publisher: Publisher

    /// Takes what the command line says.
    package init(_ arguments: ParsedArguments) throws(ArgumentFault) {
        guard arguments.terminator == 1, arguments.operands.count > 1 else {
            throw .other(
                "--run wants the event's name, -- and a command: --run backup -- tar cf /backup/home.tar /home")
        }
        try arguments.refuse(
            [
                .json, .text, .file, .textFile, .jsonFile, .at, .after, .wait, .output, .dryRun, .every, .textLines,
            ],
            with: "--run: how the command ended is the payload")
        try arguments.refuse([.clear], with: "--run: a state is ended by one event")
        self.arguments = arguments
        name = arguments.operands[0]
        command = Array(arguments.operands.dropFirst())
        publisher = try arguments.publisher()
        _ = try event("started", payload: [])
    }

    /// Runs it. What cannot be published is told and changes nothing: the command is what matters.
    ///
    /// - Returns: Its exit status.
    package func run() -> Int32 {
        publish("started", payload: Array("null".utf8), replaced: 0)
        let outcome: Supervisor.Outcome
        do throws(CommandError) {
            outcome = try Supervisor.run(command)
        } catch {
            Console.report("wsqueue-publish: \(error)")
            outcome = Supervisor.Outcome(error)
        }
        publish("finished", payload: outcome.payload, replaced: outcome.replacements)
        if let signal = outcome.signal { Supervisor.end(bySignal: signal) }
        return outcome.status ?? ExitStatus.bug.rawValue
    }

    private func event(_ what: String, payload: [UInt8]) throws(ArgumentFault) -> Event {
        var event = try arguments.event("\(name).\(what)", payload: payload)
        event.id = event.id.map { "\($0).\(what)" }
        return event
    }

    private func publish(_ what: String, payload: [UInt8], replaced: Int) {
        do throws(PublishError) {
            let event: Event
            do throws(ArgumentFault) { event = try self.event(what, payload: payload) } catch { return }
            let receipt = try publisher.publish(event)
            if arguments.has(.verbose) {
                Console.report("wsqueue-publish: queued \(receipt.path)\(Console.words(replaced: replaced))")
            }
        } catch {
            if !arguments.has(.quiet) { Console.report("wsqueue-publish: \(name).\(what) is not published: \(error)") }
        }
    }
}
