import Testing
import WSQueueOperation

struct StatusBoardTests {
    private static func client(_ connection: Int64, behind: Int = 0) -> ClientStatus {
        ClientStatus(
            connection: connection, address: "127.0.0.1:1", user: nil, dialect: "plain", channels: [], channelCount: 0,
            behindBytes: behind, behindEvents: 0, seconds: 0)
    }

    private static func hub(_ seq: UInt64) -> HubStatus {
        var status = HubStatus()
        status.seq = seq
        return status
    }

    @Test func `a question is answered when all threads have written since, and then whoever asked is woken`() {
        let board = StatusBoard(loopCount: 2)
        #expect(!board.isWanted(since: .min) && !board.wantsClients(since: .min))
        board.ask(now: 10, by: 1, wantsClients: false)
        #expect(board.isWanted(since: 9) && !board.isWanted(since: 10) && !board.wantsClients(since: .min))
        #expect(board.write(LoopStatus(), nil, of: 0, now: 11) == [])
        #expect(board.write(Self.hub(7), now: 12) == [])
        #expect(board.contents(since: 10, isComplete: true, now: 12) == nil)
        #expect(board.contents(since: 10, isComplete: false, now: 12)?.hub?.seq == 7)
        board.ask(now: 11, by: 0, wantsClients: true)
        #expect(board.wantsClients(since: 10) && !board.wantsClients(since: 11))
        #expect(board.write(LoopStatus(), nil, of: 1, now: 13) == [0, 1])
        #expect(board.contents(since: 11, isComplete: true, now: 13) != nil)
        #expect(board.write(LoopStatus(), nil, of: 1, now: 14) == [], "each is woken once")
    }

    @Test func `a part from before the question is no answer`() {
        let board = StatusBoard(loopCount: 1)
        _ = board.write(Self.hub(1), now: 5)
        board.ask(now: 10, by: 0, wantsClients: false)
        #expect(board.write(LoopStatus(), nil, of: 0, now: 11) == [])
        #expect(board.write(Self.hub(2), now: 11) == [0])
    }

    @Test func `the loops are added up, and the clients that are most behind come first`() throws {
        let board = StatusBoard(loopCount: 2)
        var counters = LoopCounters()
        counters.clients = 3
        counters.closes = [1000: 1, 1006: 2]
        var status = LoopStatus(counters: counters)
        status.webSockets = 2
        status.behindBytes = 40
        _ = board.write(status, [Self.client(1), Self.client(2, behind: 40)], of: 0, now: 1)
        counters.closes = [1006: 5]
        status.counters = counters
        status.streams = 1
        status.behind = 1
        _ = board.write(status, [Self.client(3), Self.client(4, behind: 40)], of: 1, now: 1)
        _ = board.write(status, nil, of: 1, now: 2)
        let contents = try #require(board.contents(since: 3, isComplete: false, now: 3))
        #expect(contents.clients.map(\.connection) == [2, 4, 1, 3], "what was described once stays")
        #expect(contents.loops.webSockets == 4 && contents.loops.streams == 1 && contents.loops.behind == 1)
        #expect(contents.loops.behindBytes == 80 && contents.loops.counters.clients == 6)
        #expect(contents.loops.counters.closes == [1000: 1, 1006: 7])
        #expect(contents.hub == nil)
    }

    @Test func `each count of two loops is their sum`() {
        var one = LoopCounters()
        (one.clients, one.deliveries, one.replayed, one.resumes, one.gaps) = (1, 2, 3, 4, 5)
        let sum = one + one
        #expect([sum.clients, sum.deliveries, sum.replayed, sum.resumes, sum.gaps] == [2, 4, 6, 8, 10])
    }

    @Test func `no more than 200 clients are described`() {
        let board = StatusBoard(loopCount: 1)
        _ = board.write(LoopStatus(), (1...300).map { Self.client($0, behind: Int($0)) }, of: 0, now: 1)
        let clients = board.contents(since: 0, isComplete: false, now: 1)?.clients
        #expect(clients?.count == 200 && clients?.first?.connection == 300)
    }

    @Test func `who leaves a question unanswered for more than five seconds is stuck`() {
        let board = StatusBoard(loopCount: 2)
        board.ask(now: 0, by: 0, wantsClients: false)
        _ = board.write(LoopStatus(), nil, of: 0, now: 1)
        let soon = board.contents(since: 0, isComplete: false, now: 5_000_000_000)
        #expect(soon?.stuckLoops == [] && soon?.isHubStuck == false)
        let late = board.contents(since: 0, isComplete: false, now: 5_000_000_001)
        #expect(late?.stuckLoops == [1] && late?.isHubStuck == true)
        _ = board.write(Self.hub(1), now: 6_000_000_000)
        #expect(board.contents(since: 0, isComplete: false, now: 6_000_000_000)?.isHubStuck == false)
    }
}
