/// The members of an object that a reader knows. One that stands twice is a fault: two readers might take two values.
package struct JSONMembers {
    private var members: [String: JSONMember] = [:]

    /// Those of an object that is not there.
    package init() {}

    /// Reads an object.
    ///
    /// - Parameters:
    ///   - bytes: All of its text.
    ///   - known: The members wanted; others are passed over.
    package init(_ bytes: Span<UInt8>, named known: [String]) throws(JSONFault) {
        var reader = JSONObjectReader()
        while let member = try reader.next(in: bytes) {
            // Compared decoded: an escape makes no other name.
            guard let name = JSONString.decode(member.name, in: bytes),
                let match = known.first(where: { name.elementsEqual($0.utf8) })
            else { continue }
            guard members.updateValue(member, forKey: match) == nil else {
                throw JSONFault(reason: "member twice", offset: member.name.lowerBound)
            }
        }
    }

    /// A member, and be it `null`.
    package subscript(_ name: String) -> JSONMember? { members[name] }

    /// A member; `null` is as good as absent.
    package func present(_ name: String) -> JSONMember? {
        guard let member = members[name], member.kind != .null else { return nil }
        return member
    }
}
