internal import WSQueueSystem

/// Why a file about access cannot be used.
package struct AccessFileError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file as the operator named it.
    package let path: String
    /// The option that names it.
    package let option: String
    /// What is wrong; never a part of a secret.
    package let reason: String
    /// What to do where that is not to mend the file.
    package let hint: String?

    package var description: String { "\(path): \(reason)" }

    /// Makes an error of its parts.
    package init(path: String, option: String, reason: String, hint: String? = nil) {
        self.path = path
        self.option = option
        self.reason = reason
        self.hint = hint
    }

    private static let limitBytes = 1_048_576

    /// Reads a file to its end.
    package static func read(_ path: String, option: String) throws(AccessFileError) -> [UInt8] {
        do throws(SystemCallError) {
            return try InputFile.open(path).readAll(limitBytes: limitBytes)
        } catch {
            throw AccessFileError(path: path, option: option, reason: error.description)
        }
    }
}
