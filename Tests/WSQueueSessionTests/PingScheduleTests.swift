import Testing
import WSQueueSession

/// One client on the wheel: what happens to it, tick by tick.
private struct Wheel {
    private var schedule: PingSchedule
    private let slot: Int
    private var now: Int64 = 0
    private(set) var signs = LifeSigns()
    private(set) var ticks = 0
    /// The ticks at which it was pinged, and at which it was found overdue.
    private(set) var pings: [Int] = []
    private(set) var overdue: [Int] = []

    init(ping: Int, pong: Int, slot: Int) {
        schedule = PingSchedule(pingMilliseconds: ping, pongMilliseconds: pong, now: 0)
        self.slot = slot
    }

    mutating func tick() {
        now += 250_000_000
        schedule.tick(now: now)
        ticks += 1
        if schedule.slotsToJudge(of: slot + 1).contains(slot), schedule.isOverdue(signs) { overdue.append(ticks) }
        guard schedule.slotsInTurn(of: slot + 1).contains(slot), schedule.takeTurn(&signs, slot: slot) else {
            return
        }
        pings.append(ticks)
        signs.notePing()
    }

    mutating func speak() { signs.noteLife() }
}

/// Milliseconds of --ping and --pong, with ticks of 100 ms below ten seconds and of 250 ms from there on.
private let settings: [(ping: Int, pong: Int)] = [
    (25_000, 10_000), (25_000, 24_000), (25_000, 6_250), (25_000, 1), (60_000, 10_000), (11_000, 3_000),
    (10_000, 9_000),
    (9_900, 5_000), (2_000, 1_000), (1_300, 400), (1_100, 1_000), (1_000, 150), (800, 700), (700, 300), (500, 300),
    (400, 300), (300, 200), (200, 150), (200, 100), (100, 100), (1, 1),
]

private func ticks(_ milliseconds: Int, _ setting: (ping: Int, pong: Int)) -> Int {
    max(1, milliseconds / (setting.ping < 10_000 ? 100 : 250))
}

struct PingScheduleTests {
    @Test(arguments: settings, [0, 1, 7, 24, 25, 99])
    func `one that only answers pings is pinged at even distances of at most a period`(
        _ setting: (ping: Int, pong: Int), slot: Int
    ) {
        var wheel = Wheel(ping: setting.ping, pong: setting.pong, slot: slot)
        let period = ticks(setting.ping, setting)
        for _ in 0..<(period * 6) {
            wheel.tick()
            if wheel.pings.last == wheel.ticks { wheel.speak() }
        }
        let distances = Set(zip(wheel.pings, wheel.pings.dropFirst()).map { $1 - $0 })
        #expect(distances.count == 1)
        #expect(distances.allSatisfy { $0 <= period && $0 * 4 > period * 3 })
        #expect(wheel.pings.first.map { $0 <= period } == true)
        #expect(wheel.overdue.isEmpty)
    }

    @Test(arguments: settings, [0, 1, 7, 24, 25, 99])
    func `one that has spoken and is gone is found within a period and the time for an answer`(
        _ setting: (ping: Int, pong: Int), slot: Int
    ) throws {
        let (period, answer) = (ticks(setting.ping, setting), ticks(setting.pong, setting))
        for lastWord in stride(from: 0, to: period * 2, by: max(1, period / 40)) {
            var wheel = Wheel(ping: setting.ping, pong: setting.pong, slot: slot)
            for _ in 0..<lastWord {
                wheel.tick()
                wheel.speak()
            }
            while wheel.overdue.isEmpty, wheel.ticks < lastWord + 3 * period + answer { wheel.tick() }
            let found = try #require(wheel.overdue.first)
            let asked = try #require(wheel.pings.last { $0 < found })
            #expect(asked - lastWord <= period)
            // Where a period has no room for that time, until the next ping would go.
            #expect((min(answer, period * 3 / 4 - 1)...answer).contains(found - asked))
        }
    }

    @Test func `one that speaks often enough is never pinged`() {
        for distance in 1..<75 {
            var wheel = Wheel(ping: 25_000, pong: 10_000, slot: 17)
            for tick in 0..<1_000 {
                if tick % distance == 0 { wheel.speak() }
                wheel.tick()
            }
            #expect(wheel.pings.isEmpty)
        }
    }

    @Test func `clients that come together are pinged one after the other, over the whole period`() {
        var schedule = PingSchedule(pingMilliseconds: 25_000, pongMilliseconds: 10_000, now: 0)
        var signs = [LifeSigns](repeating: LifeSigns(), count: 10_000)
        for number in 1...300 {
            schedule.tick(now: Int64(number) * 250_000_000)
            var pinged = 0
            for slot in schedule.slotsInTurn(of: signs.count) where schedule.takeTurn(&signs[slot], slot: slot) {
                signs[slot].notePing()
                signs[slot].noteLife()
                pinged += 1
            }
            #expect(pinged == 100)
        }
    }

    @Test func `a loop sleeps until the next tick, and a tick at the most`() {
        var schedule = PingSchedule(pingMilliseconds: 25_000, pongMilliseconds: 10_000, now: 0)
        let milliseconds: Int64 = 1_000_000
        #expect(
            [0, 50, 249, 250, 400].map { schedule.sleepMilliseconds(now: $0 * milliseconds) } == [250, 200, 1, 1, 1])
        #expect(schedule.sleepMilliseconds(now: 249_500_000) == 1)
        #expect(!schedule.isDue(now: 249 * milliseconds) && schedule.isDue(now: 250 * milliseconds))
        schedule.tick(now: 250 * milliseconds)
        #expect(schedule.sleepMilliseconds(now: 300 * milliseconds) == 200)
    }

    @Test func `no ping is a choice`() {
        var wheel = Wheel(ping: 0, pong: 10_000, slot: 3)
        for _ in 0..<1_000 { wheel.tick() }
        #expect(wheel.pings.isEmpty && wheel.overdue.isEmpty)
    }

    @Test func `what is sent to one that never answers is sent each period`() {
        let schedule = PingSchedule(pingMilliseconds: 25_000, pongMilliseconds: 10_000, now: 0)
        var signs = LifeSigns()
        let due = (0..<12).map { _ in
            let isDue = schedule.takeTurn(&signs, slot: 0)
            if isDue { signs.noteSent() }
            return isDue
        }
        #expect(due == (0..<12).map { $0 % 4 == 3 })
        #expect(!signs.awaitsPong && !schedule.isOverdue(signs))
    }

    @Test func `what is known of a client outlasts what it says`() {
        var signs = LifeSigns()
        signs.takesBarePings = true
        signs.notePing()
        #expect(signs.takesBarePings && signs.awaitsPong)
        signs.noteLife()
        #expect(signs.takesBarePings && !signs.awaitsPong)
        signs.takesBarePings = false
        #expect(!signs.takesBarePings)
    }
}
