import Testing
import WSQueueNet
import WSQueueSystem

struct WakeupTests {
    @Test func `a message posted by another thread wakes the sleeper and arrives`() throws {
        let wakeup = try Wakeup()
        let mailbox = Mailbox<Int>(wakeup: wakeup)
        var poller = try Poller()
        try poller.add(wakeup.number, .readable, token: 1)
        let count = 10_000
        let poster = try LoopThread(name: "poster") { for number in 0..<count { mailbox.post(number) } }
        var seen: [Int] = []
        while seen.count < count {
            wakeup.willSleep()
            // A wake-up that is lost would leave us here for ever; the limit makes that a failure instead.
            let ready = mailbox.isEmpty ? try poller.wait(milliseconds: 30_000) : 1
            wakeup.didWake()
            wakeup.clear()
            guard ready > 0 else { break }
            seen += mailbox.take()
        }
        poster.join()
        #expect(seen == Array(0..<count))
    }

    @Test func `nobody is woken who does not sleep`() throws {
        let wakeup = try Wakeup()
        var poller = try Poller()
        try poller.add(wakeup.number, .readable, token: 1)
        wakeup.signal()
        let awake = try poller.wait(milliseconds: 0)
        wakeup.willSleep()
        wakeup.signal()
        let asleep = try poller.wait(milliseconds: 0)
        #expect(awake == 0)
        #expect(asleep == 1)
    }
}
