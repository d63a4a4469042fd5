/// Numbers that follow from a seed (SplitMix64: Steele, Lea and Flood, 2014).
struct Randomness {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// The number that comes next.
    var peek: UInt64 {
        var other = self
        return other.next()
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to, but not, `count`.
    mutating func below(_ count: Int) -> Int { count <= 1 ? 0 : Int(next() % UInt64(count)) }

    /// `true` in so many of a thousand cases.
    mutating func chance(perMille: Int) -> Bool { below(1_000) < perMille }

    /// One of these.
    mutating func pick<Value>(_ values: [Value]) -> Value { values[below(values.count)] }
}
