internal import WSQueueArguments
internal import WSQueuePublish
internal import WSQueueSpool

extension ParsedArguments {
    /// The publisher that the options describe. The directory is looked at when it is used.
    func publisher() throws(ArgumentFault) -> Publisher {
        var settings = Publisher.Settings()
        if let sync = try value(.sync, as: Self.parseSync) { settings.sync = sync }
        if let mode = try value(.mode, as: Quantity.parseMode) { settings.mode = mode }
        return Publisher(uncheckedDirectory: value(.directory) ?? DefaultQueue.path, settings: settings)
    }

    /// What is to be printed of a receipt.
    func outputForm() throws(ArgumentFault) -> OutputForm {
        try value(.output, as: Self.parseOutput) ?? .none
    }

    /// Refuses options that mean nothing here.
    func refuse(_ options: [Option], with what: String) throws(ArgumentFault) {
        for option in options {
            if let given = last(option), !given.isFromEnvironment {
                throw .other("\(given.source) cannot be used with \(what)")
            }
        }
    }

    private static func parseSync(_ text: String) throws(ValueFault) -> Publisher.Sync {
        guard let sync = Publisher.Sync(rawValue: text) else {
            throw ValueFault(text, wanted: "none, data or full")
        }
        return sync
    }

    private static func parseOutput(_ text: String) throws(ValueFault) -> OutputForm {
        guard let form = OutputForm(rawValue: text) else {
            throw ValueFault(text, wanted: "id, path, json or none")
        }
        return form
    }
}

/// What is printed of a receipt.
enum OutputForm: String {
    case none, id, path, json

    /// Prints it.
    func print(_ receipt: Receipt) throws(CommandFault) {
        switch self {
        case .none: return
        case .id: try Console.write(name: receipt.id)
        case .path: try Console.write(name: receipt.path)
        case .json: try Console.write(receipt.jsonLine)
        }
    }
}

extension Publication {
    /// Prints what is asked of it, and then gives it its name: what cannot be told is not queued.
    consuming func finish(telling form: OutputForm) throws(CommandFault) -> Receipt {
        try form.print(receipt)
        do {
            return try finish()
        } catch {
            throw .publishing(error)
        }
    }
}
