import CSimulation
import Glibc

/// The machine of one run: clock, tasks, descriptors, one disk. Everything that could go one way or another follows from
/// the seed.
final class Kernel {
    /// Descriptors from here on are ours; below are the simulator's own.
    static let firstDescriptor: Int32 = 100_000

    var random: Randomness
    let settings: Settings
    /// Monotonic nanoseconds; the wall clock is `unix`.
    var now: Int64 = 1_000_000_000
    private static let stallNanoseconds = 20_000_000
    private static let unixOffset: Int64 = 1_800_000_000_000_000_000
    /// How far the wall clock is ahead of what it should say, nanoseconds.
    var unixAhead: Int64 = 0
    let root = Inode(number: 1, isDirectory: true, mode: 0o755)
    /// The queue's directory, in the root.
    let queue: Inode
    /// What a server's wall clock shows while it lists the queue, where one listing is to be enough for it.
    var frozenUnix: Int64?
    /// Whether it was away once.
    var queueHasMoved = false
    /// Another process that has locked it.
    var otherHolder: OpenFile?
    var lastInode: UInt64 = 10
    /// By it names are hashed, and directories listed.
    let nameSalt: UInt64
    var files: [OpenFile?] = []
    /// No number below it is free.
    var lowestFree = 0
    /// Those of the open files that wait for others, and those that are told of changed names.
    var pollers: [OpenFile] = []
    var watchers: [OpenFile] = []
    /// The user of all tasks, but perhaps of publishers.
    let user = geteuid()
    /// Where each server listens.
    var listeners = [OpenFile?](repeating: nil, count: Kernel.serverLimit)
    static let serverLimit = 4
    var listener: OpenFile? { listeners[0] }
    /// Whether all servers want to listen at one place, where one can.
    var hasOnePort = false
    /// Takes the server's side of a connection that a server makes, and says whether there is anyone.
    var connect: ((SimulatedConnection) -> Bool)?
    /// Which run of each server's machine this is: a power cut begins the next.
    var boots = [Int](repeating: 1, count: Kernel.serverLimit)
    /// Appends to the journal that the planted fault holds back.
    var heldWrites: [(inode: Inode, change: Inode.Change)] = []
    /// Is told before a file of the journal goes.
    var segmentIsRemoved: ((Inode) -> Void)?
    /// Memory that the product has mapped for its ring; abandoned tasks do not unmap it.
    var mappings: [(address: UnsafeMutableRawPointer, bytes: Int)] = []

    private(set) var tasks: [SimulatedTask] = []
    private var lastTask = 0
    /// Room for the places of those that can run.
    private var ready: [Int] = []
    private var scheduler: UnsafeMutableRawPointer?
    private static var freeStacks: [UnsafeMutableRawPointer] = []

    /// How many calls of the server have failed, and of those how many of the disk, failed syncs of threads besides.
    var errors = 0
    var diskErrors = 0
    /// How many have been made that can fail, and how many still may.
    var failingCalls = 0
    var errorsLeft: Int
    var nextError = 0
    /// Until then nothing new can be written.
    var diskIsFullUntil: Int64 = 0
    /// Until then nothing can be moved into `.failed/`.
    var failedIsFullUntil: Int64 = 0
    /// So many calls of the server from now it dies, or the one of several whose call that is.
    var callsToCrash = Int.max
    private var crashed: Owner?
    /// Looks at the disk before it is changed, and says when the power fails.
    var diskWatch: DiskWatch?
    private(set) var hasPowerFailed = false
    private(set) var calls = 0
    private(set) var switches = 0
    /// Of everything that happened, so that two runs can be compared.
    private(set) var hash: UInt64 = 0xCBF2_9CE4_8422_2325

    /// How the machine behaves in one run, and what is printed.
    struct Settings {
        /// At so many of a thousand calls another task goes on.
        var switchPerMille = 200
        /// At so many of a thousand points between two calls (SchedulingPoint.swift) too.
        var pointPerMille = 0
        /// So many of a thousand of these turns are long: the processor has other things to do for some milliseconds.
        var stallPerMille = 0
        /// So many of a thousand writes, reads and sends take a part only.
        var shortPerMille = 0
        /// So many of a thousand calls of the product that a signal may interrupt are interrupted.
        var interruptPerMille = 0
        /// A listing gives at most so many names a call: what is renamed between two calls is seen or missed.
        var namesPerCall = 8
        /// How long the queue of inotify is.
        var noticeLimit = 16_384
        /// Whether the file system has FIFOs.
        var hasFIFOs = false
        /// Whether the server may ask for leases on files of others.
        var hasLeases = true
        /// Whether each publisher is a user of its own.
        var hasUsers = false
        /// How coarse the times of files are: some milliseconds on a disk, two seconds on FAT.
        var tickNanoseconds: Int64 = 4_000_000
        /// The longest a sync takes, nanoseconds.
        var syncNanoseconds: Int64 = 3_000_000
        /// So many of a thousand syncs of the server's threads fail.
        var syncErrorPerMille = 0
        /// So many calls of the server may fail, of one kind or any, and so many of a thousand until then do.
        var errors = 0
        var failing: Failing?
        var errorPerMille = 0
        /// Whether the disk may be full for a while, and the journal's records may fail to be written.
        var mayBeFull = true
        /// This one alone fails, of those that can.
        var failingCall: Int?
        var fault: PlantedFault?
        var isTraced = false
    }

    init(random: Randomness, settings: Settings) {
        self.random = random
        self.settings = settings
        errorsLeft = settings.errors
        nameSalt = self.random.next()
        queue = Inode(number: 2, isDirectory: true, mode: 0o755)
        change(root, [("q", queue)])
        root.sync()
    }

    /// Makes the queue of another server.
    func makeQueue(_ name: String) -> Inode {
        let directory = makeInode(isDirectory: true, mode: 0o755)
        change(root, [(name, directory)])
        root.sync()
        return directory
    }

    var unix: Int64 { now + Self.unixOffset + unixAhead }

    // MARK: Tasks

    /// Starts a task; it runs when it is picked.
    @discardableResult
    func spawn(_ name: String, owner: Owner, _ body: @escaping () -> Void) -> SimulatedTask {
        let stack =
            Self.freeStacks.popLast()
            ?? .allocate(byteCount: SimulatedTask.stackBytes, alignment: 4_096)
        lastTask += 1
        let task = SimulatedTask(number: lastTask, name: name, owner: owner, stack: stack, body: body)
        task.stackPointer = simulation_prepare(stack, SimulatedTask.stackBytes) {
            current?.body?()
            current?.body = nil
            current?.isDone = true
            kernel?.leave()
        }
        tasks.append(task)
        return task
    }

    var taskCount: Int { lastTask }

    /// Gives a task the name of its thread.
    func name(task number: Int, _ name: String) {
        guard let task = tasks.first(where: { $0.number == number }) else { return }
        if case .node(let server) = task.owner { task.name = "\(name).\(server)" } else { task.name = name }
    }

    /// Gives the baton away until `condition` holds or the clock has come to `deadline`; with neither, for one turn.
    func pause(until deadline: Int64 = .max, _ condition: (() -> Bool)? = nil) {
        guard let task = current else { return }
        task.condition = condition
        task.deadline = deadline
        task.isWaiting = condition != nil || deadline != .max
        leave()
    }

    /// At each system call of a task: time passes, the server may die, another task may go on.
    func enter(_ name: StaticString) {
        guard let task = current else { return }
        calls += 1
        now += Int64(200 + random.below(2_000))
        if settings.isTraced { print("\(now) \(task.name) \(name)") }
        mix(UInt64(task.number))
        mix(UInt64(name.utf8CodeUnitCount))
        mix(UInt64(bitPattern: now))
        if task.owner.serverNumber != nil {
            callsToCrash -= 1
            if callsToCrash <= 0 {
                crashed = task.owner
                leave()
            }
        }
        if random.chance(perMille: settings.switchPerMille) { giveWay() }
    }

    /// Between two calls another task may go on too.
    func pass() {
        if random.chance(perMille: settings.pointPerMille) { giveWay() }
    }

    private func giveWay() {
        let isLong = random.chance(perMille: settings.stallPerMille)
        pause(until: isLong ? now + Int64(random.below(Self.stallNanoseconds)) : .max)
    }

    /// Whether a signal interrupts this call of the product (signal(7)): such as SIGSTOP and SIGCONT, whatever is blocked.
    func isInterrupted() -> Bool {
        guard let task = current, task.owner.isProduct else { return false }
        return random.chance(perMille: settings.interruptPerMille)
    }

    /// Lets one task go on to its next pause.
    ///
    /// - Returns: `false` when nothing can run any more.
    func step() -> Bool {
        findReady()
        if ready.isEmpty {
            var next = Int64.max
            for task in tasks { next = min(next, task.deadline) }
            guard next != .max else { return false }
            now = max(now, next)
            findReady()
        }
        let task = tasks[ready[random.below(ready.count)]]
        task.isWaiting = false
        task.condition = nil
        task.deadline = .max
        current = task
        switches += 1
        simulation_switch(&scheduler, task.stackPointer)
        current = nil
        if task.isDone {
            tasks.removeAll { $0 === task }
            Self.freeStacks.append(task.stack)
        }
        return true
    }

    private func findReady() {
        ready.removeAll(keepingCapacity: true)
        for index in tasks.indices where tasks[index].isReady(at: now) { ready.append(index) }
    }

    /// The server that has come to the call at which it dies; asked once.
    func takeCrash() -> Owner? {
        defer { crashed = nil }
        return crashed
    }

    /// Before a task changes a file or directory of the queue, or brings it to the disk: the power may fail.
    func changesDisk(_ inode: Inode) {
        guard let diskWatch, inode === queue || inode.parent !== root, inode !== root,
            current?.owner.isProduct == true, diskWatch.look(at: self)
        else { return }
        hasPowerFailed = true
        leave()
    }

    /// Whether the power has failed; asked once.
    func takePowerFailure() -> Bool {
        defer { hasPowerFailed = false }
        return hasPowerFailed
    }

    /// Ends the tasks of an owner where they stand, as SIGKILL does, and closes what they had open.
    func kill(_ owner: Owner) {
        for task in tasks where task.owner == owner { Self.freeStacks.append(task.stack) }
        tasks.removeAll { $0.owner == owner }
        if owner.serverNumber != nil { heldWrites = [] }
        for index in files.indices {
            guard let file = files[index], file.owner == owner else { continue }
            forget(index)
            release(file)
        }
    }

    /// Sends a server a signal, as far as it listens by now.
    ///
    /// - Returns: Whether it does.
    @discardableResult
    func send(_ signal: Int32, to owner: Owner = .server) -> Bool {
        for case let file? in files where file.owner == owner {
            guard case .signals = file.kind else { continue }
            let isLost = settings.fault == .signalUnheard && signal != SIGTERM
            if !file.signals.contains(signal), !isLost { file.signals.append(signal) }
            return true
        }
        return false
    }

    /// Whether a process is there.
    func isRunning(_ identifier: Int32) -> Bool {
        tasks.contains { $0.owner.processIdentifier == identifier }
    }

    /// Ends everything.
    func end() {
        segmentIsRemoved = nil
        connect = nil
        diskWatch = nil
        for task in tasks { Self.freeStacks.append(task.stack) }
        tasks = []
        files = []
        pollers = []
        watchers = []
        for (address, bytes) in mappings { _ = munmap(address, bytes) }
        mappings = []
    }

    private func leave() {
        guard let task = current else { return }
        simulation_switch(&task.stackPointer, scheduler)
    }

    private func mix(_ value: UInt64) { hash = (hash ^ value) &* 0x100_0000_01B3 }
}
