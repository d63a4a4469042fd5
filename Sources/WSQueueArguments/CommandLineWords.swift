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
        let (words, spoiled) = try decodeAll(vector)
        if let position = spoiled.first { throw .notUnicode(position: position + 1) }
        return words
    }

    /// The words after the program's name, with U+FFFD in place of bytes that are not UTF-8, and the places of those
    /// words where that was done. ``OptionTable/parse(_:spoiled:environment:)`` refuses them but where any text is taken.
    package static func decodeAll(_ vector: [[UInt8]]) throws(ArgumentFault) -> (words: [String], spoiled: [Int]) {
        if vector.isEmpty { throw .noWords }
        var words: [String] = []
        var spoiled: [Int] = []
        for word in vector.dropFirst() {
            if let text = String(validating: word, as: UTF8.self) {
                words.append(text)
            } else {
                spoiled.append(words.count)
                words.append(String(decoding: word, as: UTF8.self))
            }
        }
        return (words, spoiled)
    }
}
