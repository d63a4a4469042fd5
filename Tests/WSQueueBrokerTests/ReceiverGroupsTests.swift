import Testing
import WSQueueBroker

struct ReceiverGroupsTests {
    @Test func `clients that get the same are one group`() {
        var groups = ReceiverGroups()
        groups.begin(slotCount: 10)
        groups.add(0, seq: 1, receivers: [1, 2, 3])
        groups.add(1, seq: 2, receivers: [1, 2, 3])
        groups.add(2, seq: 3, receivers: [3, 4])
        #expect(groups.group(of: 1) == groups.group(of: 2))
        #expect(groups.selections(of: groups.group(of: 1)) == [0, 1])
        #expect(groups.selections(of: groups.group(of: 3)) == [0, 1, 2])
        #expect(groups.selections(of: groups.group(of: 4)) == [2])
        #expect(groups.group(of: 0) == 0)
        #expect(groups.slots.sorted() == [1, 2, 3, 4])
    }

    @Test func `of several copies of an event a client gets the first`() {
        var groups = ReceiverGroups()
        groups.begin(slotCount: 4)
        let counts = [
            groups.add(0, seq: 5, receivers: [1, 1, 2]), groups.add(1, seq: 5, receivers: [2, 3]),
            groups.add(2, seq: 6, receivers: [3]),
        ]
        #expect(counts == [2, 1, 1])
        #expect(groups.selections(of: groups.group(of: 1)) == [0])
        #expect(groups.selections(of: groups.group(of: 2)) == [0])
        #expect(groups.selections(of: groups.group(of: 3)) == [1, 2])
    }

    @Test func `a pass begins with everyone in one group`() {
        var groups = ReceiverGroups()
        groups.begin(slotCount: 2)
        groups.add(0, seq: 1, receivers: [1])
        groups.begin(slotCount: 3)
        groups.add(0, seq: 1, receivers: [2])
        #expect(groups.group(of: 1) == 0)
        #expect(groups.slots == [2])
        #expect(groups.count == 2)
    }

    @Test(arguments: 0..<20)
    func `every client gets what its own list says`(seed: UInt64) {
        var random = SplitMix(state: seed)
        var groups = ReceiverGroups()
        for _ in 0..<5 {
            groups.begin(slotCount: 12)
            var expected = [[Int]](repeating: [], count: 12)
            var lastSeq = [UInt64](repeating: 0, count: 12)
            var seq: UInt64 = 0
            var lastSeqs: UInt64 = 0
            var receivers: [Int] = []
            for selection in 0..<40 {
                if seq == 0 || Bool.random(using: &random) { seq += 1 }
                // Often the same again, as in a burst into one channel.
                let isAgain = groups.canRepeat && seq != lastSeqs && Bool.random(using: &random)
                if !isAgain {
                    receivers = (0..<Int.random(in: 0..<8, using: &random)).map { _ in
                        Int.random(in: 0..<12, using: &random)
                    }
                }
                let count =
                    isAgain
                    ? groups.addAgain(selection, seq: seq)
                    : groups.add(selection, seq: seq, receivers: receivers)
                #expect(count == Set(receivers).filter { lastSeq[$0] != seq }.count)
                lastSeqs = seq
                for slot in Set(receivers) where lastSeq[slot] != seq {
                    lastSeq[slot] = seq
                    expected[slot].append(selection)
                }
            }
            for slot in 0..<12 { #expect(groups.selections(of: groups.group(of: slot)) == expected[slot]) }
            #expect(Set(groups.slots) == Set((0..<12).filter { !expected[$0].isEmpty }))
            #expect(Set(groups.slots).count == groups.slots.count)
        }
    }
}
