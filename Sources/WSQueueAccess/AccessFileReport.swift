package import WSQueueOperation

/// What a file about access holds, for an operator who looks before the server starts.
package struct AccessFileReport: Sendable {
    /// The file as the operator named it.
    package let path: String
    /// What is in it, such as `2 secrets`; never a part of a secret.
    package let result: Result<String, AccessFileError>

    /// Reads every file that a configuration names, as the server does at its start.
    package static func all(_ configuration: Configuration) -> [AccessFileReport] {
        let control = AccessControl(unread: configuration)
        return [
            report(configuration.tokenSecretPath) { () throws(AccessFileError) in
                try control.loadSecrets(unixSeconds: 0)
                return count(control.counts.secrets, "secret")
            },
            report(configuration.rulesPath) { () throws(AccessFileError) in
                try control.loadRules()
                return count(control.counts.rules, "rule")
            },
            report(configuration.publishTokenPath) { () throws(AccessFileError) in
                try control.loadPublishers()
                return count(control.counts.publishers, "token")
            },
            report(configuration.redis?.passwordPath) { () throws(AccessFileError) in
                var redis = configuration.redis
                try redis?.readPassword()
                return "a password"
            },
        ].compactMap { $0 }
    }

    private static func report(
        _ path: String?, _ load: () throws(AccessFileError) -> String
    ) -> AccessFileReport? {
        guard let path else { return nil }
        do throws(AccessFileError) {
            return AccessFileReport(path: path, result: .success(try load()))
        } catch {
            return AccessFileReport(path: path, result: .failure(error))
        }
    }

    private static func count(_ number: Int, _ what: String) -> String { "\(number) \(what)\(number == 1 ? "" : "s")" }
}
