import ModelRedis
import Support
import Testing
import WSQueueWire

@testable import WSQueueSequencer

/// Files on their way into the stream over connections that are lost, servers that stop and go on, and processes that are
/// killed, at moments that a seed draws: whatever happens, each is in the stream once.
struct StreamModelTests {
    /// One connection: what the server has not carried out, and what the process has not read.
    private struct Connection {
        var commands: [[[UInt8]]] = []
        var answers: [RESPValue] = []
    }

    private struct Run {
        private var draw: SeededGenerator
        private let replicas: Int
        private var redis = ModelRedis()
        /// Those before the last are lost; a stopped server may find more of their commands.
        private var connections = [Connection()]
        private var writer: StreamWriter
        /// The files that are not deleted, and those that are in a batch.
        private(set) var files = Array(0..<12)
        private var underWay: [Int] = []
        private var isFenced = false
        private var lastNumber: UInt64 = 0
        private var process = 0

        init(seed: UInt64, replicas: Int) {
            draw = SeededGenerator(seed: seed)
            self.replicas = replicas
            redis.replicas = Int64(replicas)
            writer = StreamWriter(keys: .test, replicas: replicas)
            connect()
        }

        var events: [String] { redis.events }

        private mutating func isDrawn(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &draw) < percent }

        private mutating func connect() {
            writer.disconnect()
            let isLost = isDrawn(50)
            if isLost { connections[connections.count - 1].commands = [] }
            connections.append(Connection())
            take(writer.connect())
        }

        private mutating func take(_ step: StreamStep) {
            if let commands = step.commands {
                var reader = CommandReader()
                connections[connections.count - 1].commands += reader.read(commands.bytes)
            }
            for news in step.news {
                switch news {
                case .fenced(let sent):
                    isFenced = true
                    let noted = StreamOutbox.files(in: sent ?? [])
                    files.removeAll { noted[Array("f\($0)".utf8)] != nil }
                case .written(let number, _):
                    #expect(number == lastNumber)
                    files.removeAll { underWay.contains($0) }
                    underWay = []
                case .attached, .past, .entries, .readToEnd, .down: Issue.record("a writer tells no \(news)")
                }
            }
        }

        /// The server carries out a command, perhaps of a connection that is lost.
        private mutating func execute() {
            let waiting = connections.indices.filter { !connections[$0].commands.isEmpty }
            guard let index = waiting.randomElement(using: &draw) else { return }
            for reply in redis.execute(connections[index].commands.removeFirst(), by: index) {
                connections[index].answers.append(reply.value)
            }
        }

        /// The process reads an answer.
        private mutating func receive() {
            let index = connections.count - 1
            guard !connections[index].answers.isEmpty else { return }
            do throws(RedisFault) {
                take(try writer.receive(connections[index].answers.removeFirst()))
            } catch {
                connect()
            }
        }

        private mutating func write() {
            if isFenced, !writer.hasBatch, underWay.isEmpty, !files.isEmpty {
                underWay = Array(files.prefix(Int.random(in: 1...3, using: &draw)))
                lastNumber += 1
                let commands = RedisCommands(underWay.map { ["XADD", "s", "0-*", "e", "f\($0)", "i", "f\($0)"] })
                var note = RedisCommands()
                note.add(["\(process)-\(lastNumber)"] + underWay.flatMap { ["f\($0)", "0"] })
                writer.take(
                    StreamBatch(
                        number: lastNumber, commands: commands.bytes, count: commands.answers,
                        lastID: Array("f\(underWay.last ?? 0)".utf8), sent: note.bytes))
            }
            take(writer.write())
        }

        /// The process is killed, and another one begins.
        private mutating func kill() {
            process += 1
            underWay = []
            isFenced = false
            writer = StreamWriter(keys: .test, replicas: replicas)
            connect()
        }

        /// Plays until all files are gone; after so many steps nothing goes wrong any more.
        mutating func play() {
            for step in 0..<4_000 {
                let isTrouble = step < 300
                if isTrouble, replicas > 0, isDrawn(5) { redis.replicas = Int64.random(in: 0...2, using: &draw) }
                if !isTrouble { redis.replicas = Int64(replicas) }
                redis.failures = isTrouble && isDrawn(10) ? ["XADD": "WRONGTYPE it is no stream"] : [:]
                if isTrouble, isDrawn(6) { connect() }
                if isTrouble, isDrawn(2) { kill() }
                if isDrawn(40) { write() }
                if isDrawn(70) { execute() }
                if isDrawn(70) { receive() }
                if !isTrouble, files.isEmpty, !connections.contains(where: { !$0.commands.isEmpty }) { return }
            }
        }
    }

    @Test(arguments: [0, 1]) func `each file is in the stream once, whatever is lost, stopped or killed`(replicas: Int)
    {
        for seed in 1...400 as ClosedRange<UInt64> {
            var run = Run(seed: seed, replicas: replicas)
            run.play()
            #expect(run.files.isEmpty, "seed \(seed)")
            let events = run.events
            #expect(Set(events).count == events.count, "seed \(seed): \(events)")
            #expect(events.count == 12, "seed \(seed): \(events)")
        }
    }
}
