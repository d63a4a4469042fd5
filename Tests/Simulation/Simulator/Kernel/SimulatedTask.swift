import CSimulation

/// Whose tasks and descriptors end together.
enum Owner: Equatable {
    /// Clients, and what else does not crash.
    case world
    case server
    /// Another server of several, counted from 1.
    case node(Int)
    case publisher(Int)
    case foreignWriter(Int)

    /// Whether its calls are those of the product and not of the scenario.
    var isProduct: Bool {
        switch self {
        case .server, .node, .publisher: true
        case .world, .foreignWriter: false
        }
    }

    /// Of a server its place among several.
    var serverNumber: Int? {
        switch self {
        case .server: 0
        case .node(let index): index
        default: nil
        }
    }

    /// The process's number, for getpid(2).
    var processIdentifier: Int32 {
        switch self {
        case .world: 1_000
        case .server: 1_001
        case .node(let index): Int32(1_200 + index)
        case .publisher(let index): Int32(1_002 + index)
        case .foreignWriter(let index): Int32(1_102 + index)
        }
    }
}

/// A thread of the simulation: a stack of its own, which runs until it pauses.
final class SimulatedTask {
    static let stackBytes = 512 * 1_024

    let number: Int
    /// For traces: the thread's own, where it has given itself one.
    var name: String
    /// Whether the product has started it, by pthread_create(3).
    var isThread = false
    let owner: Owner
    let stack: UnsafeMutableRawPointer
    var stackPointer: UnsafeMutableRawPointer?
    var body: (() -> Void)?
    /// What it waits for; it runs when this holds or the clock has come to `deadline`.
    var condition: (() -> Bool)?
    var deadline = Int64.max
    var isWaiting = false
    var isDone = false

    init(number: Int, name: String, owner: Owner, stack: UnsafeMutableRawPointer, body: @escaping () -> Void) {
        self.number = number
        self.name = name
        self.owner = owner
        self.stack = stack
        self.body = body
    }

    func isReady(at now: Int64) -> Bool {
        !isDone && (!isWaiting || deadline <= now || condition?() == true)
    }
}

/// What the interposed functions look at first. Both have constant initial values, so that reading them makes no call.
var kernel: Kernel?
var current: SimulatedTask?
