package import WSQueueOperation

/// What a file about access holds, for an operator who looks before the server starts.
package struct AccessFileReport: Sendable {
    /// The file as the operator named it.
    package let path: String
    /// What is in it, such as `2 secrets`; never a part of a secret.
    package let result: Result<String, AccessFileError>
    /// What may be wrong though it can be used, a line each.
    package let warnings: [String]

    /// Reads every file that a configuration names, as the server does at its start.
    package static func all(_ configuration: Configuration) -> [AccessFileReport] {
        let control = AccessControl(unread: configuration)
        var redis = configuration.redis
        return [
            report(configuration.tokenSecretPath, doubts: { [control.secretDoubt].compactMap(\.self) }) {
                () throws(AccessFileError) in
                try control.loadSecrets()
                return count(control.counts.secrets, "secret")
            },
            report(configuration.rulesPath, as: .settings, doubts: { control.gaps.map(\.hint) }) {
                () throws(AccessFileError) in
                try control.loadRules()
                return count(control.counts.rules, "rule")
            },
            report(configuration.publishTokenPath) { () throws(AccessFileError) in
                try control.loadPublishers()
                return count(control.counts.publishers, "token")
            },
            report(configuration.publisherRulesPath, as: .settings, doubts: { control.publisherDoubts }) {
                () throws(AccessFileError) in
                try control.loadPublisherRules()
                return count(control.counts.publisherRules, "rule")
            },
            report(configuration.applicationTokenPath) { () throws(AccessFileError) in
                try control.loadApplications()
                return count(control.counts.applications, "token")
            },
            report(configuration.redis?.passwordPath, doubts: { [redis?.passwordDoubt].compactMap(\.self) }) {
                () throws(AccessFileError) in
                try redis?.readPassword()
                return "a password"
            },
        ].compactMap { $0 }
    }

    private static func report(
        _ path: String?, as contents: FileTrust.Contents = .secrets, doubts: () -> [String] = { [] },
        _ load: () throws(AccessFileError) -> String
    ) -> AccessFileReport? {
        guard let path else { return nil }
        do throws(AccessFileError) {
            let text = try load()
            let trust = FileTrust.doubt(about: contents, at: path).map { [$0.hint] } ?? []
            let warnings = (trust + doubts()).map { "warning: \(path): \($0)" }
            return AccessFileReport(path: path, result: .success(text), warnings: warnings)
        } catch {
            return AccessFileReport(path: path, result: .failure(error), warnings: [])
        }
    }

    private static func count(_ number: Int, _ what: String) -> String { "\(number) \(what)\(number == 1 ? "" : "s")" }
}
