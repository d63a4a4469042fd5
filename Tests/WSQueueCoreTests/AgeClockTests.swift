import Testing
import WSQueueCore

struct AgeClockTests {
    private static let second: Int64 = 1_000_000_000
    private static let hour = 3_600 * second
    private static let day = 24 * hour
    /// 2026, and a machine that has been up for ten minutes.
    private static let unix: Int64 = 1_795_000_000 * second
    private static let uptime = 600 * second

    /// A run: the seconds since its start, and how far the wall clock is ahead then.
    private func clock(_ looks: [(Int64, Int64)], ahead: Int64 = 0) -> (AgeClock, [Int64]) {
        var clock = AgeClock(uptime: Self.uptime, unix: Self.unix + ahead)
        let jumps = looks.map { seconds, ahead in
            let past = seconds * Self.second
            return clock.observe(uptime: Self.uptime + past, unix: Self.unix + past + ahead)?.nanoseconds ?? 0
        }
        return (clock, jumps)
    }

    /// What was made so many seconds after the start, while the clock was ahead by that.
    private func time(_ seconds: Int64, ahead: Int64 = 0) -> Int64 { Self.unix + seconds * Self.second + ahead }

    private func seconds(_ age: Int64) -> Int64 { age / Self.second }

    @Test func `ages grow with the machine's time`() {
        let (clock, jumps) = clock([(1, 0), (10, 0), (100, 0)])
        #expect(jumps == [0, 0, 0] && clock.mayTrim)
        #expect(seconds(clock.age(of: time(0))) == 100)
        #expect(seconds(clock.age(of: time(60))) == 40)
        #expect(clock.age(of: time(100)) == 0 && clock.age(of: time(500)) == 0)
    }

    @Test(arguments: [2 * 86_400, -2 * 86_400, 4_000, -4_000, 56 * 31_536_000] as [Int64])
    func `a jump makes nothing older, and is told once`(by seconds: Int64) {
        let ahead = seconds * Self.second
        let (clock, jumps) = clock([(10, 0), (11, ahead), (20, ahead)])
        #expect(jumps == [0, ahead, 0] && !clock.mayTrim)
        for (made, age) in [(0, 20), (5, 15), (10, 10)] as [(Int64, Int64)] {
            #expect(self.seconds(clock.age(of: time(made))) == age)
        }
        #expect(self.seconds(clock.age(of: time(15, ahead: ahead))) == 5)
    }

    @Test func `two days ahead for three seconds make nothing older`() {
        let ahead = 2 * Self.day
        let (clock, jumps) = clock([(10, 0), (11, ahead), (14, 0), (20, 0)])
        #expect(jumps == [0, ahead, -ahead, 0])
        #expect(seconds(clock.age(of: time(12, ahead: ahead))) == 8)
        #expect(seconds(clock.age(of: time(5))) == 15 && seconds(clock.age(of: time(16))) == 4)
        // What is from before the run is as old as the run.
        #expect(seconds(clock.age(of: time(-3_600))) == 20)
    }

    @Test func `1970 until the network tells makes nothing older`() {
        let ahead = -Self.unix
        let (clock, jumps) = clock([(10, ahead), (11, 0), (20, 0)], ahead: ahead)
        #expect(jumps == [0, -ahead, 0])
        #expect(seconds(clock.age(of: time(5, ahead: ahead))) == 15)
        #expect(seconds(clock.age(of: time(-3_600))) == 20 && seconds(clock.age(of: time(15))) == 5)
    }

    @Test
    func
        `nothing goes for its age within an hour of a jump, and what is from before the run by its own age after that`()
    {
        let ahead = 2 * Self.day
        var (clock, _) = clock([(10, 0), (11, ahead)])
        let made = time(-100) + ahead
        for (seconds, mayTrim) in [(3_610, false), (3_611, true)] as [(Int64, Bool)] {
            clock.observe(uptime: Self.uptime + seconds * Self.second, unix: time(seconds, ahead: ahead))
            #expect(clock.mayTrim == mayTrim)
        }
        #expect(seconds(clock.age(of: made)) == 3_711)
    }

    @Test func `what is from before the run is as old as the wall clock says once that has been steady`() {
        var (clock, _) = clock([(10, 0)])
        let made = time(-90_000)
        #expect(seconds(clock.age(of: made)) == 10)
        clock.observe(uptime: Self.uptime + Self.hour, unix: time(3_600))
        #expect(seconds(clock.age(of: made)) == 93_600)
        #expect(clock.age(of: .min) == .max)
    }

    @Test func `what was there before the run waits since then, however long ago that is`() {
        let (clock, _) = clock([(20, 0)])
        #expect(seconds(clock.waitingTime(since: time(-100))) == 120)
        #expect(seconds(clock.waitingTime(since: time(5))) == 15)
        let run = 20 * Self.second
        for short in [0, 1, run - 1, run, run + 1, Self.uptime, Self.uptime + run, 2 * Self.uptime + run] {
            let waited = clock.waitingTime(since: Self.unix - (.max - short))
            #expect(waited == (short < run ? .max : .max - short + run), "\(short)")
        }
        #expect(clock.waitingTime(since: .min) == .max)
    }

    @Test func `small steps are no jumps, and make nothing older than it is`() {
        let (clock, jumps) = clock([(10, 0), (20, 30 * Self.second), (30, 30 * Self.second)])
        #expect(jumps == [0, 0, 0] && clock.mayTrim)
        #expect(seconds(clock.age(of: time(5))) == 25)
        #expect(seconds(clock.age(of: time(25, ahead: 30 * Self.second))) == 5)
    }

    @Test func `a clock that is set all the time makes nothing older`() {
        var clock = AgeClock(uptime: Self.uptime, unix: Self.unix)
        for step in 1...500 as ClosedRange<Int64> {
            let ahead = step % 2 == 0 ? 0 : 2 * Self.day
            clock.observe(uptime: Self.uptime + step * Self.second, unix: time(step, ahead: ahead))
            for made in stride(from: 0, to: step, by: 7) {
                let age = clock.age(of: time(made, ahead: made % 2 == 0 ? 0 : 2 * Self.day))
                #expect(age <= (step - made + 1) * Self.second)
            }
        }
    }

    @Test func `of two stretches that were made one, what lies after both belongs to neither`() {
        let (clock, _) = clock((1...16).map { ($0, 2 * $0 * Self.day) })
        #expect(seconds(clock.age(of: time(1, ahead: Self.day))) < 16, "between them it may be of either")
        #expect(seconds(clock.age(of: time(2, ahead: 3 * Self.day))) == 16)
    }

    @Test func `a machine's own time that goes back is as good as one that stands`() {
        var (clock, _) = clock([(10, 0)])
        clock.observe(uptime: Self.uptime, unix: time(10))
        #expect(seconds(clock.age(of: time(5))) == 5)
    }
}
