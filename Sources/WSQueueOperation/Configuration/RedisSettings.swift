package import WSQueueWire

/// The Redis that several servers share, and what it holds for them.
package struct RedisSettings: Equatable, Sendable {
    package var location: RedisLocation
    /// The file whose first line is the password; `nil` takes that of the location.
    package var passwordPath: String?
    /// The key of the stream; all other keys begin with it, in braces, so that a cluster keeps them together.
    package var stream = "wsqueue"
    /// How many replicas must have an event before its file is deleted.
    package var replicas = 0

    /// What may be wrong with the password's file that was read.
    package private(set) var passwordDoubt: String?

    package init(location: RedisLocation) { self.location = location }

    /// Reads the password's file.
    package mutating func readPassword() throws(AccessFileError) {
        guard let passwordPath else { return }
        let option = "--redis-password-file"
        let bytes = try AccessFileError.read(passwordPath, option: option)
        if let reason = SecretFileForm.fault(bytes) {
            throw AccessFileError(path: passwordPath, option: option, reason: reason)
        }
        let lines = SecretFileForm.lines(bytes)
        guard let line = lines.first, !line.isEmpty, let password = String(validating: line, as: UTF8.self) else {
            throw AccessFileError(path: passwordPath, option: option, reason: "its first line is no password")
        }
        location.password = password
        passwordDoubt = SecretFileForm.unseen([line]).map {
            "the password has \($0.what), which counts as part of it"
        }
    }

    /// Where the state of each key is.
    package var stateKey: String { key("state") }

    /// A key besides the stream's.
    package func key(_ name: String) -> String { "{\(stream)}:\(name)" }
}
