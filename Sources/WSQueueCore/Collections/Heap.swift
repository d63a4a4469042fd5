/// Something that a ``Heap`` orders.
@usableFromInline package protocol HeapElement {
    /// Whether this one is taken before the other.
    func precedes(_ other: Self) -> Bool
}

/// A binary heap: the element that precedes all others is at hand, and adding or taking one costs as many comparisons as
/// the number of elements has binary digits.
// Everything is `@inlinable`, and the type itself `@usableFromInline`: without either, other modules would call
// unspecialised code for each event.
@usableFromInline package struct Heap<Element: HeapElement> {
    /// All elements; only the place of the first says something.
    @usableFromInline package internal(set) var elements: [Element] = []

    /// Makes an empty heap.
    @inlinable
    package init() {}

    @inlinable
    package var isEmpty: Bool { elements.isEmpty }
    @inlinable
    package var count: Int { elements.count }

    /// The element that is taken next.
    @inlinable
    package var first: Element? { elements.first }

    /// Adds an element.
    @inlinable
    package mutating func insert(_ element: Element) {
        elements.append(element)
        var child = elements.count - 1
        while child > 0, elements[child].precedes(elements[(child - 1) / 2]) {
            elements.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Takes the element that precedes all others; of several that may come first, any.
    @inlinable
    package mutating func popFirst() -> Element? {
        guard let first = elements.first, let last = elements.popLast() else { return nil }
        guard !elements.isEmpty else { return first }
        elements[0] = last
        var parent = 0
        while true {
            let left = 2 * parent + 1
            guard left < elements.count else { return first }
            let right = left + 1
            let child = right < elements.count && elements[right].precedes(elements[left]) ? right : left
            guard elements[child].precedes(elements[parent]) else { return first }
            elements.swapAt(child, parent)
            parent = child
        }
    }
}

extension Heap: Sendable where Element: Sendable {}
