internal import WSQueueArguments
internal import WSQueueOperation

extension Setting {
    /// What the server writes for people.
    static let log: [Setting] = [
        .choice(
            "log-level",
            ["error": .error, "warning": .warning, "notice": .notice, "info": .info, "debug": .debug] as KeyValuePairs,
            \.logLevel, synonyms: ["warn": "warning"], default: "info",
            text: "For more or less in the log: these lines and graver ones."),
        .choice(
            "log-format", ["auto": nil, "text": .text, "json": .json, "journal": .journal] as KeyValuePairs,
            \.logFormat, default: "auto",
            text: "For programs that read the log: json. auto is journal when the system journal reads, else "
                + "text."),
        .text(
            Option(
                key: "log-file", value: "FILE", defaultValue: .described("standard error"),
                text: "Where no system journal is: append the log to a file. Opened again on HUP."),
            \.logFile),
        .choice(
            "log-events", ["all": .all, "sampled": .sampled, "off": .off] as KeyValuePairs,
            \.configuration.eventLines, default: "sampled",
            text: "To follow every event, or none: a line each. sampled writes up to 50 a second and sums up the "
                + "rest."),
    ]
}
