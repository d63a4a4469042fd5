import WSQueueSpool

/// All who publish in a run that is no story.
final class Crowd {
    private(set) var publishers: [SimulatedPublisher] = []
    private var writers: [ForeignWriter] = []
    private var webPublishers: [WebPublisher] = []
    private var deferring: [DeferringPublisher] = []
    private var administrator: SimulatedOperator?
    private unowned let scenario: Scenario

    init(in scenario: Scenario) { self.scenario = scenario }

    /// Starts them.
    func start(names: SpoolNameSource) {
        let (kernel, profile) = (scenario.kernel, scenario.profile)
        for (index, style) in profile.styles.enumerated() {
            let publisher = SimulatedPublisher(index: index, style: style, names: names, in: scenario)
            publishers.append(publisher)
            publisher.start()
        }
        for index in 0..<profile.foreignWriters {
            let writer = ForeignWriter(index: index, in: scenario)
            writers.append(writer)
            writer.start()
        }
        for index in 0..<profile.deferringPublishers {
            let publisher = DeferringPublisher(index: 50 + index, in: scenario)
            deferring.append(publisher)
            publisher.start()
        }
        if profile.hasPublisherRules {
            // Everybody may publish these events, and the server looks who it is.
            kernel.place("publishers", #"[{"from":["*"],"event":"\#(profile.extras.hasForbiddenEvents ? "e" : "*")"}]"#)
        }
        if profile.operatorActs > 0 {
            let administrator = SimulatedOperator(in: scenario)
            self.administrator = administrator
            administrator.start()
        }
        if profile.webPublishers > 0 { kernel.place("tokens", WebPublisher.tokens.map { "\($0)\n" }.joined()) }
        for index in 0..<profile.webPublishers {
            let publisher = WebPublisher(index: index, in: scenario)
            webPublishers.append(publisher)
            kernel.spawn("web\(index)", owner: .world, publisher.publish)
        }
    }

    /// Whether everything is published.
    var isDone: Bool {
        publishers.allSatisfy(\.isDone) && writers.allSatisfy(\.isDone) && webPublishers.allSatisfy(\.isDone)
            && deferring.allSatisfy(\.isDone) && administrator?.isDone ?? true
    }

    /// Those on this machine die with it.
    func kill() {
        scenario.kernel.kill(SimulatedOperator.owner)
        for publisher in publishers { scenario.kernel.kill(.publisher(publisher.index)) }
        for publisher in deferring { scenario.kernel.kill(.publisher(publisher.index)) }
        for writer in writers { scenario.kernel.kill(.foreignWriter(writer.index)) }
    }

    func bringQueueBack() { scenario.kernel.bringQueueBack() }

    /// They go on after a power cut.
    func startAgain() {
        if let administrator, !administrator.isDone { administrator.start() }
        for publisher in publishers where !publisher.isDone { publisher.start() }
        for publisher in deferring {
            publisher.notePowerCut()
            if !publisher.isDone { publisher.start() }
        }
        for writer in writers where !writer.isDone { writer.start() }
    }
}
