/// The words this process was started with.
package enum CommandLineWords {
    /// The words after the program's name.
    ///
    /// `CommandLine.arguments` puts U+FFFD in place of bytes that are not UTF-8, and a payload would be published that
    /// no one wrote; here they are refused. Without even the program's name the words are lost, and a program that took
    /// that for "no options" would do something else than it was asked to.
    ///
    /// - Parameter vector: The bytes of all words, the program's name first.
    package static func decode(_ vector: [[UInt8]]) throws(ArgumentFault) -> [String] {
        if vector.isEmpty { throw .noWords }
        var words: [String] = []
        for (position, word) in vector.enumerated().dropFirst() {
            guard let text = String(validating: word, as: UTF8.self) else { throw .notUnicode(position: position) }
            words.append(text)
        }
        return words
    }
}
