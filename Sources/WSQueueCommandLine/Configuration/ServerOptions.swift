package import WSQueueArguments

/// The options that more than one command takes.
package enum ServerOptions {
    /// `--dir`.
    package static let directory = Option(
        key: "dir", short: "d", value: "DIR", defaultValue: .value("queue"), isCommon: true,
        text: "For another queue than ./queue: its directory. It is created below a parent that exists.")
    /// `--jwt-secret-file`.
    package static let secretFile = Option(
        key: "jwt-secret-file", value: "FILE", defaultValue: .described("no tokens"), isCommon: true,
        text: "For users: what their tokens are signed with. A secret a line, of at least 32 bytes, or base64:…; read "
            + "again on HUP, after which the old ones count for 30 seconds.")
    /// `--jwt-algorithm`.
    package static let algorithm = Option(
        key: "jwt-algorithm", value: "HS256|HS384|HS512", isRepeatable: true, defaultValue: .described("all three"),
        text: "For tokens that must be signed in one way: which.")
    /// `--jwt-audience`.
    package static let audience = Option(
        key: "jwt-audience", value: "NAME", isRepeatable: true,
        text: "For secrets that other services use too: whom tokens must be meant for (aud). Without it tokens with "
            + "an aud are refused.")

    /// `--config`.
    package static let configFile = Option(
        "config", short: "c", value: .required("FILE"), environment: "WSQUEUE_CONFIG", isCommon: true,
        text: "For settings that stay: a file with options. A line each, 'key = value', where a key is an option's "
            + "long name; # begins a comment. Not read again on HUP.")
    /// `--set`.
    package static let set = Option(
        "set", value: .required("KEY=VALUE"), isRepeatable: true,
        text: "To try another value than that of the file: the same as --KEY VALUE. It counts less than that, and "
            + "more than a variable and the file.")
    /// `--man`.
    package static let manual = Option(
        "man", value: .required("wsqueue-server|wsqueue.conf|wsqueue-rules|wsqueue-protocol|wsqueue"),
        text: "Where no manual page is installed: wsqueue-server --man wsqueue-server | man -l -.")
    /// `--version`.
    package static let version = Option("version", short: "V", text: "To report a fault: the version.")

    /// What a command takes that looks at the queue, at tokens, or at a server, and so at its configuration.
    package static let sources = [configFile, set]
}

extension Option {
    /// An option that may be given as a variable, in a configuration file and by `--set` too.
    ///
    /// - Parameter value: What it is called in help; `nil` for one that is there or not.
    init(
        key: String, short: Character? = nil, value: String?, isRepeatable: Bool = false,
        defaultValue: Default? = nil, alias: String? = nil, isCommon: Bool = false, text: String
    ) {
        let variable = "WSQUEUE_" + key.uppercased().split(separator: "-").joined(separator: "_")
        self.init(
            key, short: short, value: value.map { .required($0) } ?? .none, isRepeatable: isRepeatable,
            environment: variable, defaultValue: defaultValue, alias: alias, isCommon: isCommon, text: text)
    }
}
