/// Finds what somebody probably meant.
package enum NearestName {
    /// The candidate that is the fewest mistakes away from `word`, where they are few enough to be mistakes: a wrong,
    /// missing or additional letter, two neighbours swapped, or the end left out.
    package static func of(_ word: String, among candidates: [String]) -> String? {
        let letters = Array(word.utf8)
        guard !letters.isEmpty else { return nil }
        let limit = max(1, letters.count / 3)
        var best: (name: String, distance: Int)?
        for candidate in candidates {
            let wanted = Array(candidate.utf8)
            let isAbbreviation = letters.count >= 2 && wanted.starts(with: letters)
            let distance = isAbbreviation ? 1 : distance(letters, wanted)
            if distance <= limit, distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        return best?.name
    }

    /// The candidate that is the fewest edits away, however many those are, and how many; `nil` without candidates.
    static func edits(from word: String, among candidates: [String]) -> (name: String, count: Int)? {
        let letters = Array(word.utf8)
        var best: (name: String, count: Int)?
        for candidate in candidates {
            let count = distance(letters, Array(candidate.utf8))
            if count < best?.count ?? .max { best = (candidate, count) }
        }
        return best
    }

    /// How many letters must be changed, added, removed or swapped with a neighbour (optimal string alignment).
    private static func distance(_ first: [UInt8], _ second: [UInt8]) -> Int {
        var before: [Int] = []
        var last = Array(0...second.count)
        for row in first.indices {
            var current = [row + 1]
            for column in second.indices {
                let isSame = first[row] == second[column]
                var cost = min(last[column] + (isSame ? 0 : 1), last[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, first[row] == second[column - 1], first[row - 1] == second[column] {
                    cost = min(cost, before[column - 1] + 1)
                }
                current.append(cost)
            }
            (before, last) = (last, current)
        }
        return last[second.count]
    }
}

extension OptionTable {
    /// The option that was probably meant by `name`, with its dashes.
    func nearestOption(to name: String) -> String? {
        NearestName.of(name, among: options.map { $0.name }).map { "--\($0)" }
    }
}
