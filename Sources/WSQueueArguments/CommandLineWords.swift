/// The words this process was started with.
package enum CommandLineWords {
    /// The words behind the program's name.
    ///
    /// `CommandLine.arguments` puts U+FFFD in place of bytes that are not UTF-8, and a payload would be published that
    /// nobody wrote; here they are refused.
    ///
    /// - Parameter vector: The bytes of all words, the program's name first.
    package static func decode(_ vector: [[UInt8]]) throws(ArgumentFault) -> [String] {
        var words: [String] = []
        for (position, word) in vector.enumerated().dropFirst() {
            guard let text = String(validating: word, as: UTF8.self) else { throw .notUnicode(position: position) }
            words.append(text)
        }
        return words
    }
}
