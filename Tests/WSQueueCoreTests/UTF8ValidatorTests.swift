import Testing
import WSQueueCore

struct UTF8ValidatorTests {
    /// A line of the table: what its bytes are, and whether they are well-formed.
    static func table() throws -> [(bytes: [UInt8], isValid: Bool)] {
        try Corpus.lines("utf8tests/utf8tests.txt").filter { !$0.hasPrefix("#") && !$0.isEmpty }.map { line in
            let fields = line.split(separator: ":", maxSplits: 2)
            let verdict = fields[1].trimmingPrefix { $0 == " " }
            let data = fields[2].split(separator: ":", omittingEmptySubsequences: false)[0]
            return (verdict == "valid" ? Array(fields[2].utf8) : bytes(hex: data), verdict.hasPrefix("valid"))
        }
    }

    @Test func `the table of well-formed and ill-formed sequences is answered right, whole and at every cut`() throws {
        let table = try Self.table()
        #expect(table.count > 200)
        for (bytes, isValid) in table {
            #expect(UTF8Validator.isValid(bytes) == isValid, "\(hex(bytes))")
            for cut in 0...bytes.count {
                var validator = UTF8Validator()
                let isPossible = validator.take(bytes[..<cut]) && validator.take(bytes[cut...])
                let isAccepted = isPossible && validator.isComplete
                #expect(isAccepted == isValid, "\(hex(bytes)) cut at \(cut)")
            }
        }
    }

    @Test func `every sequence of up to three bytes is judged as the standard library does`() {
        var disagreements = 0
        var candidate: [UInt8] = [0]
        func compare() {
            if UTF8Validator.isValid(candidate) != (String(validating: candidate, as: UTF8.self) != nil) {
                disagreements += 1
            }
        }
        for first in UInt8.min...UInt8.max {
            candidate = [first]
            compare()
            for second in UInt8.min...UInt8.max {
                candidate = [first, second]
                compare()
                // Elsewhere a third byte begins a sequence of its own, which the shorter ones have shown.
                guard (0xE0...0xEF).contains(first) else { continue }
                for third in UInt8.min...UInt8.max {
                    candidate = [first, second, third]
                    compare()
                }
            }
        }
        #expect(disagreements == 0)
    }

    @Test func `sequences of four bytes near the borders are judged as the standard library does`() {
        let borders: [UInt8] = [0x00, 0x7F, 0x80, 0x81, 0x8F, 0x90, 0x9F, 0xA0, 0xBE, 0xBF, 0xC0, 0xC2, 0xFF]
        var disagreements = 0
        for first in UInt8(0xEC)...0xFF {
            for second in UInt8.min...UInt8.max {
                for third in borders {
                    for fourth in borders {
                        let candidate = [first, second, third, fourth]
                        let isValid = String(validating: candidate, as: UTF8.self) != nil
                        if UTF8Validator.isValid(candidate) != isValid { disagreements += 1 }
                    }
                }
            }
        }
        #expect(disagreements == 0)
    }

    /// The offset in each sequence is that of the first byte which no continuation could repair.
    @Test(
        arguments: [
            ([0x80], 0), ([0xC0, 0x80], 0), ([0xC1, 0xBF], 0), ([0xF5, 0x80, 0x80, 0x80], 0), ([0xFF], 0),
            ([0xE0, 0x9F, 0xBF], 1), ([0xED, 0xA0, 0x80], 1), ([0xF0, 0x8F, 0xBF, 0xBF], 1),
            ([0xF4, 0x90, 0x80, 0x80], 1),
            ([0xE2, 0x82, 0x28], 2), ([0xF0, 0x9F, 0x98, 0x41], 3), ([0x61, 0xC3, 0xC3], 2),
        ] as [([UInt8], Int)])
    func `the first impossible byte is refused, not a later one`(sequence: [UInt8], offset: Int) {
        for (index, byte) in sequence.enumerated().prefix(offset + 1) {
            var validator = UTF8Validator()
            _ = validator.take(sequence[..<index])
            let isPossible = validator.take([byte])
            #expect(isPossible == (index < offset))
        }
    }

    @Test func `a validator that has refused goes on refusing`() {
        var validator = UTF8Validator()
        let answers = [[0xFF], [0x41], []].map { validator.take($0) }
        #expect(answers == [false, false, false])
        #expect(!validator.isComplete)
    }

    @Test func `an ill-formed byte is found wherever it stands between blocks of ASCII`() {
        for length in 0...100 {
            var text = [UInt8](repeating: 0x61, count: 101)
            text[length] = 0x80
            #expect(!UTF8Validator.isValid(text))
            text.replaceSubrange(length...length, with: [0xC3, 0xA9])
            #expect(UTF8Validator.isValid(text))
        }
    }
}
