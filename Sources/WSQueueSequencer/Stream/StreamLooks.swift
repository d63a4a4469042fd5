/// How often a stream was looked at, and what it was known to have before that.
struct StreamLooks {
    private var count = 0
    private var given: UInt64 = 0
    private var givenBefore: UInt64 = 0

    /// The number of the last look: orders that another look has overtaken are out of date.
    var attempt: Int { count }
    /// The stream had given this number before the last look was sent, as far as is known here.
    var known: UInt64 { givenBefore }

    mutating func begin() {
        count += 1
        givenBefore = given
    }

    /// The stream has given a number.
    mutating func note(_ seq: UInt64) { given = max(given, seq) }

    /// Numbers of another numbering say nothing of this one.
    mutating func forget() { (given, givenBefore) = (0, 0) }
}
