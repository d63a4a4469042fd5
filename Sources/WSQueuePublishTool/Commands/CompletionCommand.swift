package import WSQueueArguments
internal import WSQueueSpool
internal import WSQueueSystem

/// `wsqueue-publish --completion`: what a shell needs to complete what is typed.
package struct CompletionCommand {
    private let completer: Completer
    private let words: [String]
    private let table: OptionTable

    /// Takes what the command line says; the words are what stands behind `--`.
    package init(_ completer: Completer, _ arguments: ParsedArguments, _ table: OptionTable) {
        self.completer = completer
        self.table = table
        words = arguments.operands
    }

    /// Prints the script, or what may stand where the last of the words does.
    package func run() throws(CommandFault) {
        switch completer {
        case .script(let shell):
            try Console.write(Array(shell.script(table.program, asking: "--completion words").utf8))
        case .words:
            var found = table.completions(of: words)
            switch found.source {
            case .held: for word in entries(WaitingName.released) { found.offer(found.prefix + word) }
            case .scheduled: for word in entries(WaitingName.cancelled) { found.offer(found.prefix + word) }
            default: break
            }
            try Console.write(Array(found.lines.utf8))
        }
    }

    /// What the names in the queue that the line means are to some option.
    private func entries(_ word: (String) -> String?) -> [String] {
        // The last word but one may be the option that has no value yet.
        for count in [1, 2] {
            let typed = Array(words.dropLast(count))
            guard let arguments = try? table.parse(typed, environment: Console.environment),
                let directory = try? Directory.open(arguments.value(.directory) ?? DefaultQueue.path)
            else { continue }
            var found: [String] = []
            try? directory.forEachName { bytes in
                if let word = word("\(FileName(bytes))") { found.append(word) }
            }
            return found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        }
        return []
    }
}

/// The names of files that wait for somebody, as the words that these type.
private enum WaitingName {
    /// What `--release` calls a file that is held back.
    static func released(_ name: String) -> String? {
        guard let stem = stem(of: name, after: SpoolPlace.heldPrefix), let (id, random) = HeldName.parts(of: stem)
        else {
            return nil
        }
        return identity(id).map { "\($0).\(random)" }
    }

    /// What `--cancel` calls a file that waits for its time.
    static func cancelled(_ name: String) -> String? {
        stem(of: name, after: SpoolPlace.duePrefix).flatMap { stem in
            identity(stem).map { $0 == stem ? SpoolPlace.duePrefix + stem : $0 }
        }
    }

    private static func stem(of name: String, after prefix: String) -> String? {
        guard name.utf8.starts(with: prefix.utf8) else { return nil }
        for suffix in [SpoolSuffix.event, .batch] where name.hasSuffix(suffix.rawValue) {
            return String(name.dropFirst(prefix.utf8.count).dropLast(suffix.rawValue.utf8.count))
        }
        return nil
    }

    /// The id of a name's stem, where a shell takes it as it is.
    private static func identity(_ stem: String) -> String? {
        let prefix = "id-"
        let id = stem.utf8.starts(with: prefix.utf8) ? String(stem.dropFirst(prefix.utf8.count)) : stem
        return id.utf8.contains(UInt8(ascii: "%")) ? nil : id
    }
}
