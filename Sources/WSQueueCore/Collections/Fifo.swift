/// A queue: what was added first is taken first, and taking one costs the same however many wait.
///
/// Taken elements stay in memory until as many have been taken as wait; then all that wait are moved to the front, which
/// is no more work than the taking was.
// Everything is `@inlinable`, and the type itself `@usableFromInline`: without either, other modules would call
// unspecialised code for each event.
@usableFromInline package struct Fifo<Element> {
    @usableFromInline var storage: [Element] = []
    @usableFromInline var start = 0

    /// Makes an empty queue.
    @inlinable
    package init() {}

    @inlinable
    package var isEmpty: Bool { start == storage.count }

    /// How many elements wait.
    @inlinable
    package var count: Int { storage.count - start }

    /// The element that is taken next.
    @inlinable
    package var first: Element? { isEmpty ? nil : storage[start] }

    /// The elements that wait, oldest first.
    @inlinable
    package var elements: ArraySlice<Element> { storage[start...] }

    /// The element after `offset` older ones; `offset` is below ``count``.
    @inlinable
    package subscript(offset: Int) -> Element { storage[start + offset] }

    /// Adds an element, which is taken last.
    @inlinable
    package mutating func append(_ element: Element) { storage.append(element) }

    /// Adds elements in their order.
    @inlinable
    package mutating func append(contentsOf elements: some Sequence<Element>) { storage.append(contentsOf: elements) }

    /// Takes the oldest element.
    @inlinable
    @discardableResult
    package mutating func popFirst() -> Element? {
        guard start < storage.count else { return nil }
        let element = storage[start]
        start += 1
        if start * 2 >= storage.count {
            storage.removeFirst(start)
            start = 0
        }
        return element
    }

    /// Removes everything, and gives the memory back.
    @inlinable
    package mutating func removeAll() {
        storage = []
        start = 0
    }

    /// Removes some elements wherever they are.
    @inlinable
    package mutating func removeAll(where isRemoved: (Element) -> Bool) {
        storage.removeFirst(start)
        start = 0
        storage.removeAll(where: isRemoved)
    }
}

extension Fifo: Sendable where Element: Sendable {}
