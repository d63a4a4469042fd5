extension RandomAccessCollection where Index == Int {
    /// The index of the first element that is in the second of two parts, found by halving; `endIndex` where all are in
    /// the first.
    ///
    /// - Parameter isInSecondPart: False for some elements at the beginning, true for all after them.
    @inlinable
    package func partitionPoint(where isInSecondPart: (Element) -> Bool) -> Int {
        var (low, high) = (startIndex, endIndex)
        while low < high {
            let middle = low + (high - low) / 2
            if isInSecondPart(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
