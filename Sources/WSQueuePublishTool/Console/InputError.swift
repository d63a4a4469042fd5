internal import WSQueueSystem

/// An input that could not be opened or read.
package struct InputError: Error, Equatable, CustomStringConvertible {
    /// Whether it was standard input, and not a file that somebody named.
    package let isStandardInput: Bool
    /// One line: what it is and why it cannot be read.
    package let description: String

    init(_ error: SystemCallError, isStandardInput: Bool) {
        self.isStandardInput = isStandardInput
        description = "cannot read \(error.object): \(error.reason)"
    }
}
