import Testing
import WSQueueOperation
import WSQueueSystem

/// What an operator is told where owners cannot be told apart.
struct OwnerDoubtTests {
    @Test(
        arguments: [
            (.everyone, 0, nil), (.everyone, UserNamespace.nobody, nil), (.usual(count: 65_536), 33, nil),
            (.usual(count: 65_536), nil, nil), (.usual(count: 65_536), UserNamespace.nobody, .queue),
            (.few(count: 1), 0, .namespace(count: 1)), (.few(count: 0), UserNamespace.nobody, .namespace(count: 0)),
        ] as [(UserNamespace.Reach, UInt32?, OwnerDoubt?)])
    func `decided by the map and by the queue's owner`(
        reach: UserNamespace.Reach, queueOwner: UInt32?, doubt: OwnerDoubt?
    ) {
        #expect(OwnerDoubt(reach, queueOwner: queueOwner) == doubt)
        #expect(doubt?.forbidsRules ?? false == (doubt != nil && doubt != .queue))
        #expect(OwnerDoubt.names.forbidsRules == false)
    }

    @Test func `each is a sentence with a next step`() {
        for (count, words) in [(0, "no user"), (1, "one user"), (2, "2 users")] as [(UInt64, String)] {
            #expect(OwnerDoubt.namespace(count: count).reason.contains("knows \(words) of"))
        }
        #expect(OwnerDoubt.queue.hint.contains("PrivateUsers=no"))
    }
}
