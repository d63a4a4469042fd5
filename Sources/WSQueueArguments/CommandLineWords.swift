/// The words this process was started with.
package enum CommandLineWords {
    /// The words behind the program's name.
    ///
    /// `CommandLine.arguments` puts U+FFFD in place of bytes that are not UTF-8, and a payload would be published that
    /// nobody wrote; here they are refused.
    package static func all() throws(ArgumentFault) -> [String] {
        let vector = unsafe CommandLine.unsafeArgv
        var words: [String] = []
        for position in 1..<max(1, Int(CommandLine.argc)) {
            // The program's own vector: argc entries, each ended by NUL (execve(2)).
            guard let word = unsafe vector[position] else { break }
            guard let text = unsafe String(validatingCString: word) else { throw .notUnicode(position: position) }
            words.append(text)
        }
        return words
    }
}
