internal import WSQueueArguments
internal import WSQueueCommandLine
internal import WSQueueCore
internal import WSQueueWire

/// What `wsqueue-server token new` is told of the token that it makes.
enum TokenDraft {
    private static let subject = Option(
        "sub", value: .required("ID"), text: "For the user who shall have the token: the id.")
    private static let role = Option(
        "role", value: .required("NAME"), isRepeatable: true,
        text: "For rules that ask for a role: one of the user; several with commas.")
    private static let channels = Option(
        "channels", value: .required("A,B"), isRepeatable: true,
        text: "For rules that say claim: channels and patterns; several with commas.")
    private static let timeToLive = Option(
        "ttl", value: .required("DUR"), defaultValue: .value("1h"),
        text: "For a longer or shorter life: how long it is good; 0 is for ever.")
    private static let meantFor = Option(
        "aud", value: .required("NAME"), defaultValue: .described("the first --jwt-audience"),
        text: "Where --jwt-audience has several names, or other services take it: whom it is for.")
    private static let info = Option(
        "info", value: .required("JSON"), text: "For presence. channels: what others there may see of the user.")

    /// All of them.
    static let options = [subject, role, channels, timeToLive, meantFor, info]

    /// The claims that the options describe.
    static func claims(_ arguments: ParsedArguments, unixSeconds: Int64) throws(ArgumentFault) -> TokenClaims {
        let user = try arguments.value(subject) { (text) throws(ValueFault) in
            guard let label = Label(text) else {
                throw ValueFault(text, wanted: "a user's id: 1 to 255 bytes without control characters")
            }
            return label
        }
        guard let user else { throw .other("token new wants --sub ID: who the user is") }
        var claims = TokenClaims(user: user, issuedAtSeconds: unixSeconds)
        claims.roles = list(arguments, role)
        if arguments.has(channels) { claims.channels = try patterns(arguments) }
        claims.audience = arguments.value(meantFor) ?? arguments.values(ServerOptions.audience).first
        claims.info = try arguments.value(info) { (text) throws(ValueFault) in
            let bytes = Array(text.utf8)
            guard bytes.count <= TokenVerifier.infoLimitBytes, (try? JSONScanner.validate(bytes.span)) != nil else {
                throw ValueFault(text, wanted: "JSON of at most \(TokenVerifier.infoLimitBytes) bytes")
            }
            return bytes
        }
        let seconds = try arguments.value(timeToLive) { (text) throws(ValueFault) in
            let seconds = try Quantity.parseDuration(text).components.seconds
            guard seconds < 10_000_000_000, text == "0" || seconds > 0 else {
                throw ValueFault(text, wanted: "a time of 1s or more, or 0")
            }
            return seconds
        }
        let end = seconds ?? 3_600
        if end > 0 { claims.expiresAtSeconds = unixSeconds + end }
        return claims
    }

    private static func list(_ arguments: ParsedArguments, _ option: Option) -> [String] {
        arguments.values(option).flatMap { $0.split(separator: ",").map(String.init) }
    }

    private static func patterns(_ arguments: ParsedArguments) throws(ArgumentFault) -> [ChannelPattern] {
        var patterns: [ChannelPattern] = []
        for text in list(arguments, channels) {
            guard let pattern = ChannelPattern(text) else {
                throw .badValue(ValueFault(text, wanted: "a channel or a pattern"), .flag("--channels"))
            }
            patterns.append(pattern)
        }
        return patterns
    }
}
