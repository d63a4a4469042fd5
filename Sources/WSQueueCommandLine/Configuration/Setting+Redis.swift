internal import WSQueueArguments
internal import WSQueueWire

extension Setting {
    /// The Redis that several servers share.
    static let redis: [Setting] = [
        Setting(
            Option(
                key: "redis", value: "URL",
                text: "For several servers with one order: the Redis that they share, 7.0 or later. "
                    + "redis://[user:password@]host:6379[,host…][/db], redis:///path/to/socket or unix:/path. Of "
                    + "several hosts the first that is a master is taken.")
        ) { (text, settings) throws(ValueFault) in
            do throws(RedisLocation.Fault) {
                settings.redisLocation = try RedisLocation(text)
            } catch {
                // Not the text: it may hold a password.
                throw ValueFault(text.contains("@") ? "redis://…@…" : text, wanted: error.description)
            }
        },
        .text(
            Option(
                key: "redis-password-file", value: "FILE", defaultValue: .described("that of the URL"),
                text: "To keep the password out of the list of processes: it is the first line of this file."),
            \.redisPasswordPath),
        Setting(
            Option(
                key: "redis-stream", value: "NAME", defaultValue: .value("wsqueue"),
                text: "For several groups of servers on one Redis: the key of the stream. All other keys are "
                    + "{NAME}:…; servers with the same one belong together.")
        ) { (text, settings) throws(ValueFault) in
            guard !text.isEmpty, text.utf8.count <= 255, text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }),
                !text.contains("{"), !text.contains("}")
            else { throw ValueFault(text, wanted: "1 to 255 bytes without blanks and braces") }
            settings.redisStream = text
        },
        .integer(
            Option(
                key: "redis-replicas", value: "N", defaultValue: .value("0"),
                text: "For a Redis that may fail over: how many replicas must have an event before its file is "
                    + "deleted."),
            in: 0...16, \.redisReplicas),
    ]
}
