package import WSQueueArguments
internal import WSQueuePublish

/// `wsqueue-publish --run EVENT -- COMMAND …`: says when a command starts and how it ended.
package struct RunCommand {
    private let arguments: ParsedArguments
    private let name: String
    private let command: [String]
    private let publisher: Publisher
    /// What both events have besides, as members of a JSON object without its braces.
    private let members: [UInt8]
    /// Where its output is published as it comes: the time between two batches.
    private let every: Duration?

    /// Takes what the command line says.
    package init(_ arguments: ParsedArguments) throws(ArgumentFault) {
        guard let end = arguments.terminator, end > 0, arguments.operands.count > end else {
            throw .other(
                "--run wants the event's name, -- and a command: --run backup host=web1 -- tar cf /backup/home.tar /home"
            )
        }
        try arguments.refuse(
            [
                .json, .text, .file, .textFile, .jsonFile, .at, .after, .wait, .output, .dryRun, .textLines, .chunks,
            ],
            with: "--run: how the command ended is the payload")
        try arguments.refuse([.clear], with: "--run: a state is ended by one event")
        if arguments.has(.stream) {
            try arguments.refuse([.onlyFailures], with: "--stream: whether it fails is known at its end")
            every = try arguments.value(.every, as: Quantity.parseDuration) ?? .milliseconds(100)
        } else {
            try arguments.refuse([.every], with: "--run without --stream")
            every = nil
        }
        self.arguments = arguments
        name = arguments.operands[0]
        command = Array(arguments.operands[end...])
        publisher = try arguments.publisher()
        members = try Self.members(try arguments.fields(arguments.operands[1..<end]))
        _ = try event("started", payload: [])
    }

    /// Runs it. What cannot be published is told and changes nothing: the command is what matters.
    ///
    /// - Returns: Its exit status.
    package func run() -> Int32 {
        let isAlways = !arguments.has(.onlyFailures)
        if isAlways { publish("started", payload: members.isEmpty ? Array("null".utf8) : object(members), replaced: 0) }
        var teller = teller()
        let outcome: Supervisor.Outcome
        do throws(CommandError) {
            outcome = try Supervisor.run(command, telling: &teller)
        } catch {
            Console.report("wsqueue-publish: \(error)")
            outcome = Supervisor.Outcome(error)
        }
        finish(&teller)
        if isAlways || outcome.status != 0 {
            let all = outcome.members + (members.isEmpty ? [] : [UInt8(ascii: ",")] + members)
            publish(isAlways ? "finished" : "failed", payload: object(all), replaced: outcome.replacements)
        }
        if let signal = outcome.signal { Supervisor.end(bySignal: signal) }
        return outcome.status ?? ExitStatus.bug.rawValue
    }

    private static func members(_ fields: [PayloadField]) throws(ArgumentFault) -> [UInt8] {
        guard !fields.isEmpty else { return [] }
        for field in fields where ["exit", "signal", "seconds", "tail"].contains(field.name) {
            throw .other("field '\(field.name)' is what --run says itself; call it something else")
        }
        var replaced = 0
        do {
            return Array(
                try PayloadSource.fields(fields).load(limitBytes: 65_536, replacements: &replaced).dropFirst()
                    .dropLast())
        } catch {
            throw .other(error.description)
        }
    }

    private func object(_ members: [UInt8]) -> [UInt8] { [UInt8(ascii: "{")] + members + [UInt8(ascii: "}")] }

    /// What publishes the output, where that is wanted and can be.
    private func teller() -> OutputTeller? {
        guard let every, var event = try? event("output", payload: []) else { return nil }
        // It is neither one event nor the state of the job.
        event.id = nil
        event.key = nil
        let isQuiet = arguments.has(.quiet)
        do throws(PublishError) {
            return try OutputTeller(publisher, event, members: members, every: every) {
                if !isQuiet { Console.report("wsqueue-publish: \($0)") }
            }
        } catch {
            report("output", error)
            return nil
        }
    }

    /// Publishes what is left of the output.
    private func finish(_ teller: inout OutputTeller?) {
        do throws(PublishError) { try teller?.finish() } catch { report("output", error) }
        if let count = teller?.replacements, count > 0, arguments.has(.verbose) {
            Console.report("wsqueue-publish: \(name).output\(Console.words(replaced: count))")
        }
    }

    private func report(_ what: String, _ error: PublishError) {
        if !arguments.has(.quiet) { Console.report("wsqueue-publish: \(name).\(what) is not published: \(error)") }
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
            report(what, error)
        }
    }
}
