internal import WSQueueArguments
internal import WSQueueOperation

extension Setting {
    /// What the server writes for people.
    static let log: [Setting] = [
        .choice(
            "log-level",
            ["error": .error, "warning": .warning, "notice": .notice, "info": .info, "debug": .debug] as KeyValuePairs,
            \.logLevel, default: "info", text: "Which lines are written: these and graver ones."),
        .choice(
            "log-format", ["auto": nil, "text": .text, "json": .json, "journal": .journal] as KeyValuePairs,
            \.logFormat, default: "auto", text: "auto is journal when the system journal reads, else text."),
        .text(
            Option(
                key: "log-file", value: "FILE", defaultValue: .described("standard error"),
                text: "Append the log to a file; opened again on HUP."),
            \.logFile),
        .choice(
            "log-events", ["all": .all, "sampled": .sampled, "off": .off] as KeyValuePairs,
            \.configuration.eventLines, default: "sampled",
            text: "A line an event; sampled writes up to 50 a second and sums up the rest."),
    ]
}
