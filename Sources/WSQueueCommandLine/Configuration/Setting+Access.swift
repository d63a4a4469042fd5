internal import WSQueueArguments
internal import WSQueueNet
internal import WSQueueOperation
internal import WSQueueWire

extension Setting {
    static let listen = Option(
        key: "listen", short: "l", value: "ADDR", isRepeatable: true, defaultValue: .value("127.0.0.1:8081"),
        isCommon: true,
        text: "For other machines: where clients reach the server. 127.0.0.1:8081, [::1]:8081, unix:/run/wsqueue.sock; "
            + "systemd: or systemd:NAME for sockets that a socket unit passes, which without --listen take the "
            + "default's place. Port 0 takes a free one.")
    static let host = Option(
        key: "host", value: "H",
        text: "For another address: short for --listen H:8081, or with --port for both.")
    static let port = Option(
        key: "port", short: "p", value: "N",
        text: "For another port: short for --listen 127.0.0.1:N, or with --host for both.")

    /// The path that a request may have once its escapes are taken away; what comes after it is no part of it.
    private static func checkedPath(_ text: String) throws(ValueFault) -> String {
        guard text.utf8.first == UInt8(ascii: "/"), !text.utf8.contains(where: { "?#%".utf8.contains($0) }) else {
            throw ValueFault(text, wanted: "a path such as /ws, without escapes and query")
        }
        // Browsers make a slash of a backslash, and take dots away before they ask (WHATWG URL).
        let steps = text.split(separator: "/")
        guard !text.utf8.contains(UInt8(ascii: "\\")), !steps.contains("."), !steps.contains("..") else {
            throw ValueFault(text, wanted: "a path as browsers send it: without backslashes, and steps like . and ..")
        }
        guard !text.utf8.contains(where: { "*{}".utf8.contains($0) }) else {
            throw ValueFault(
                text, wanted: "one path such as /ws: it is taken as it is, without patterns like * and {id}")
        }
        return text
    }

    /// Where clients reach the server.
    static let listening: [Setting] = [
        Setting(listen) { (text, settings) throws(ValueFault) in
            let mark = "systemd:"
            if text.utf8.starts(with: mark.utf8) {
                settings.configuration.passedSockets.append(String(text.dropFirst(mark.count)))
                return
            }
            guard let address = Address.parse(text) else {
                throw ValueFault(text, wanted: "an address like 127.0.0.1:8081, [::1]:8081, unix:/path or systemd:")
            }
            settings.configuration.addresses.append(address)
        },
        // Short forms: ListenAddresses makes an address of them.
        Setting(host) { (_, _) throws(ValueFault) in },
        Setting(port) { (text, _) throws(ValueFault) in _ = try Quantity.parseInteger(text, in: 0...65_535) },
        Setting(
            Option(
                key: "path", value: "PATH", defaultValue: .described("any"),
                text: "For a server that shares its host: take WebSockets at this path only, such as /ws. A slash at "
                    + "its end makes no difference.")
        ) { (text, settings) throws(ValueFault) in
            settings.configuration.path = try checkedPath(text)
        },
        Setting(
            Option(
                key: "origin", value: "ORIGIN", isRepeatable: true, isCommon: true,
                text: "For pages of another site, which may connect. https://example.org, "
                    + "http://localhost:5173, https://*.example.org for all names below one, an app's such as "
                    + "capacitor://localhost, null; * is all.")
        ) { (text, settings) throws(ValueFault) in
            do throws(OriginPattern.Fault) {
                settings.configuration.origins.append(try OriginPattern(text))
            } catch {
                throw ValueFault(text, wanted: "an origin as browsers send it; \(error.advice)")
            }
        },
        Setting(
            Option(
                key: "trusted-proxy", value: "ADDR[/BITS]|unix", isRepeatable: true, defaultValue: .described("nobody"),
                text: "Behind a proxy: whose X-Forwarded-For, -Proto and -Host are believed, such as 127.0.0.1 or "
                    + "10.0.0.0/8. unix is all that come by a Unix socket. It has to write these fields itself.")
        ) { (text, settings) throws(ValueFault) in
            guard let range = AddressRange.parse(text) else {
                throw ValueFault(text, wanted: "an address like 127.0.0.1, 10.0.0.0/8 or 2001:db8::/32, or unix")
            }
            settings.configuration.trustedProxies.append(range)
        },
        Setting(
            Option(
                key: "host-name", value: "NAME", isRepeatable: true, defaultValue: .described("any"),
                text: "Against pages that call the server by a name of theirs (DNS rebinding): a name that it may be "
                    + "asked by, such as ws.example.org. Requests with another Host are refused. While only this "
                    + "machine is listened to, that is so in any case: there localhost, the hosts of --origin, these, "
                    + "and what a trusted proxy passes on are taken.")
        ) { (text, settings) throws(ValueFault) in
            guard let name = HostNameText.checked(text) else {
                throw ValueFault(text, wanted: "a name such as ws.example.org, without scheme, port and path")
            }
            settings.configuration.hostNames.append(name)
        },
        Setting(
            Option(
                key: "local", value: "on|off", defaultValue: .described("on while nothing else is listened to"),
                text: "On a machine of several users: off takes from its programs the rights that they have without a "
                    + "token. These are the live page, status, metrics, and listening to patterns, for who asks "
                    + "directly, without a proxy.")
        ) { (text, settings) throws(ValueFault) in
            guard ["on", "off"].contains(text) else { throw ValueFault(text, wanted: "one of on, off") }
            settings.configuration.localRights = text == "on"
        },
        Setting(
            Option(
                key: "page", value: "on|off", defaultValue: .described("for this machine and admins"),
                text: "In a container, whose host is another machine: on shows the live page to everybody, off to "
                    + "nobody.")
        ) { (text, settings) throws(ValueFault) in
            guard ["on", "off"].contains(text) else { throw ValueFault(text, wanted: "one of on, off") }
            settings.configuration.pageReaders = text == "on" ? .everyone : .nobody
        },
    ]

    /// Who may do what.
    static let access: [Setting] = [
        .text(ServerOptions.secretFile, \.configuration.tokenSecretPath),
        Setting(ServerOptions.algorithm) { (text, settings) throws(ValueFault) in
            guard let algorithm = TokenAlgorithm(rawValue: text) else {
                throw ValueFault(text, wanted: "one of HS256, HS384, HS512")
            }
            settings.algorithms.insert(algorithm)
        },
        Setting(ServerOptions.audience) { (text, settings) throws(ValueFault) in
            guard !text.isEmpty else { throw ValueFault(text, wanted: "the name that tokens have in aud") }
            settings.configuration.tokenAudiences.append(text)
        },
        .text(
            Option(
                key: "rules", value: "FILE", defaultValue: .described("none"), isCommon: true,
                text: "For channels that not everybody may hear or use. Rules in JSON (wsqueue-rules(5)); read "
                    + "again on HUP."),
            \.configuration.rulesPath),
        .flag(
            Option(
                key: "require-token", value: nil, defaultValue: .value("no"),
                text: "Where all users have tokens: let nobody connect without one. A rule about the path may say "
                    + "otherwise; the same as a last rule {\"connect\":\"/**\",\"allow\":\"authenticated\"}."),
            \.configuration.requiresToken),
        Setting(
            Option(
                key: "authorize-url", value: "URL",
                text: "Where only the application knows who may listen: it is asked here about channels whose rule "
                    + "says ask. Such as http://127.0.0.1:8000/authorize.")
        ) { (text, settings) throws(ValueFault) in
            guard let location = HTTPLocation(text) else {
                throw ValueFault(
                    text, wanted: "a URL like http://127.0.0.1:8000/authorize; https needs a proxy here")
            }
            settings.configuration.authorizeURL = location
        },
        .text(
            Option(
                key: "publishers", value: "FILE", defaultValue: .described("all may publish all"),
                text:
                    "Where several users publish: which of them may publish which events into which channels. Rules in "
                    + "JSON (wsqueue-rules(5)); what none permits goes to .failed/. Read again on HUP."),
            \.configuration.publisherRulesPath),
        .text(
            Option(
                key: "publish-token-file", value: "FILE", defaultValue: .described("nobody"),
                text: "For publishers that cannot reach the directory: take events by POST /publish from those who "
                    + "know a token of this file. One a line of at least 16 bytes; read again on HUP."),
            \.configuration.publishTokenPath),
        .text(
            Option(
                key: "app-token-file", value: "FILE", defaultValue: .described("nobody"),
                text:
                    "For an application that asks who listens and who is there, says who is there, and disconnects "
                    + "users: its tokens for HTTP. One a line of at least 16 bytes; read again on HUP. Admins (role "
                    + "admin) may too."),
            \.configuration.applicationTokenPath),
    ]
}
