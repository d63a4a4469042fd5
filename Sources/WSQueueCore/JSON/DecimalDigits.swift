/// The decimal digits of a number, in no memory of their own.
package struct DecimalDigits {
    // Found from the last to the first; no number of 64 bits has more.
    private var digits = InlineArray<20, UInt8>(repeating: UInt8(ascii: "0"))
    private var first = 20

    /// The digits of a number.
    ///
    /// - Parameter minimumCount: Zeros stand before fewer.
    package init(_ number: UInt64, minimumCount: Int = 1) {
        var rest = number
        repeat {
            first -= 1
            digits[first] += UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0 || count < minimumCount
    }

    /// How many there are.
    package var count: Int { 20 - first }

    /// Appends them.
    package func append(to output: inout OutputSpan<UInt8>) { output.append(copying: digits.span.extracting(first...)) }

    /// Appends them.
    package func append(to bytes: inout [UInt8]) { bytes.append(copying: digits.span.extracting(first...)) }
}
