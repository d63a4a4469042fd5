import Glibc
import History

/// A program that writes events and batches in place, under names that say no time, and stops now and then with a file
/// open. After a power cut it goes on behind the file it had begun.
final class ForeignWriter {
    let index: Int
    private(set) var isDone = false
    private var next = 0
    private unowned let scenario: Scenario
    private let kernel: Kernel

    private static let linesPerBatch = 3
    private static let stems = ["9f1c2b34-5d6e", "status", "671e5a9fc31d2", "2026-11-21", "0042"]

    init(index: Int, in scenario: Scenario) {
        self.index = index
        self.scenario = scenario
        kernel = scenario.kernel
    }

    /// Starts the process.
    func start() {
        kernel.spawn("writer\(index)", owner: .foreignWriter(index)) { [self] in
            // One that is connected gets everything: whatever is published before may be trimmed before it comes.
            kernel.pause { [scenario] in scenario.areClientsReady }
            while next < scenario.profile.filesPerForeignWriter {
                next += 1
                write(next - 1)
            }
            isDone = true
        }
    }

    private func write(_ number: Int) {
        let isBatch = kernel.random.chance(perMille: 500)
        let stem = timedName() ?? "\(Self.stems[number % Self.stems.count])-\(index)-\(number)"
        let lines = (0..<(isBatch ? Self.linesPerBatch : 1)).map { line in
            // The order is that of mtimes, which may be equal: only lines of one file have an order of their own.
            EventNumber(publisher: 100 * (index + 1) + number, number: line)
        }
        var text: [UInt8] = []
        for event in lines {
            let payload = Array("{\"p\":\(event.publisher),\"n\":\(event.number),\"x\":\"zz\"}".utf8)
            scenario.note(.publish(event, .invoked(hash: Bytes.hash(payload), channel: nil)))
            text += Array("{\"event\":\"e\",\"payload\":".utf8) + payload + [0x7D, 0x0A]
        }
        // An event is whole with its last brace, and sent then: nothing may follow.
        if !isBatch { text.removeLast() }
        put(text, "/q/\(stem).\(isBatch ? "jsonl" : "json")")
        for event in lines { scenario.note(.publish(event, .ok(.kill))) }
    }

    /// A name as PHP's `microtime(true) . '_' . uniqid()` makes it, where it gives such.
    private func timedName() -> String? {
        guard scenario.profile.extras.hasTimedNames, kernel.random.chance(perMille: 500) else { return nil }
        let unique = String(kernel.random.next() | 1 << 63, radix: 16).prefix(13)
        let fraction = String(10_000 + kernel.unix % 1_000_000_000 / 100_000).dropFirst()
        return "\(kernel.unix / 1_000_000_000).\(fraction)_\(unique)"
    }

    private func put(_ text: [UInt8], _ path: String) {
        var file: Int32 = -1
        // The directory may be away.
        while file < 0 {
            kernel.pause { [kernel] in kernel.isQueueThere }
            file = open(path, O_WRONLY | O_CREAT, 0o644)
        }
        var rest = text[...]
        while !rest.isEmpty {
            if kernel.random.chance(perMille: 300) {
                kernel.pause(until: kernel.now + Int64(kernel.random.below(scenario.profile.stallNanoseconds)))
            }
            let count = 1 + kernel.random.below(rest.count)
            let written = Array(rest.prefix(count)).withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            rest = rest.dropFirst(max(0, written))
        }
        if kernel.random.chance(perMille: 300) {
            kernel.pause(until: kernel.now + Int64(kernel.random.below(scenario.profile.stallNanoseconds)))
        }
        close(file)
    }
}
