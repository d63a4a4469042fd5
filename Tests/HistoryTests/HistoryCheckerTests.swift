import Foundation
import History
import Testing

/// Each promise broken in turn by a history made for it; and one history in which everything that may happen does.
struct HistoryCheckerTests {
    @Test func everythingThatMayHappen() throws {
        let path = try #require(Bundle.module.path(forResource: "example", ofType: "history"))
        let findings = check(try String(contentsOfFile: path, encoding: .utf8))
        #expect(findings.isEmpty)
    }

    @Test func anEventThatDoesNotComeIsLost() {
        #expect(
            kinds("publish 0 0 invoked aa -\npublish 0 0 ok kill\nclient a connects -\nclient a welcome e:0") == [.lost]
        )
    }

    @Test func anEventOfAnotherChannelIsNotLost() {
        #expect(
            kinds("publish 0 0 invoked aa c1\npublish 0 0 ok kill\nclient a connects -\nclient a welcome e:0") == [])
    }

    @Test func anEventThatSurvivesAPowerCutIsLostAfterOne() {
        let text = "client a connects -\nclient a welcome e:0\npublish 0 0 invoked aa -\npublish 0 0 ok %\npower cut"
        #expect(kinds(text.replacing("%", with: "power")) == [.lost])
        #expect(kinds(text.replacing("%", with: "kill")) == [])
    }

    @Test func anEventThatOthersGotIsSkippedUnlessAGapWasTold() {
        let text = """
            publish 0 0 invoked aa -
            client a connects -
            client a welcome e:0
            client a event 1 0 0 aa id
            client b connects e:0
            client b welcome e:0
            client b resumed e:1 %
            power cut
            """
        #expect(kinds(text.replacing("%", with: "complete")) == [.skipped])
        #expect(kinds("power cut\n" + text.replacing("%", with: "gap e:1")) == [])
        #expect(kinds("power cut\n" + text.replacing("%", with: "gap e:0")) == [.skipped])
    }

    @Test func whatWasLiveIsSkippedToo() {
        let text = """
            publish 0 0 invoked aa -
            publish 1 0 invoked bb -
            client a connects -
            client a welcome e:0
            client a event 1 0 0 aa id
            client a event 2 1 0 bb id
            client b connects -
            client b welcome e:0
            client b event 2 1 0 bb id
            """
        #expect(kinds(text) == [.skipped])
    }

    @Test func anEventThatComesTwiceIsDoubled() {
        let text = published + "client a event 1 0 0 aa id\n%client a event 2 0 0 aa id"
        #expect(kinds(text.replacing("%", with: "")) == [.doubled])
        let again = "client a connects e:1\nclient a welcome e:1\n"
        let cut = text.replacing("%", with: "power cut\n" + again)
        #expect(kinds(cut) == [])
        #expect(kinds(cut.replacing("2 0 0 aa id", with: "2 0 0 aa x")) == [.doubled])
        // What a client hears after the power cut is what was on its way before it.
        #expect(kinds(text.replacing("%", with: "power cut\n")) == [.doubled])
    }

    @Test func anErrorOfTheDiskExcusesRepetitionsOnceItsServerHasEnded() {
        let text = published + "client a event 1 0 0 aa id\n%client a event 2 0 0 aa id"
        let again = "client a connects e:1\nclient a welcome e:1\n"
        #expect(kinds(text.replacing("%", with: "disk error\nserver 0 kill\n" + again)) == [])
        #expect(kinds(text.replacing("%", with: "disk error\n" + again)) == [.doubled])
        #expect(kinds(text.replacing("%", with: "server 0 kill\ndisk error\n" + again)) == [.doubled])
        // It comes under the same id even so.
        let other = text.replacing("2 0 0 aa id", with: "2 0 0 aa x")
        #expect(kinds(other.replacing("%", with: "disk error\nserver 0 kill\n" + again)) == [.doubled])
    }

    @Test func numbersThatDoNotRiseAreDisordered() {
        #expect(
            kinds(published + "client a event 2 0 0 aa id\nclient a event 2 0 1 bb id") == [.disordered, .renumbered])
        #expect(kinds(published + "client a event 2 0 0 aa id\nclient a event 1 0 1 bb id") == [.disordered])
    }

    @Test func aPublishersEventsInAnotherOrderAreDisordered() {
        #expect(kinds(published + "client a event 1 0 1 bb id\nclient a event 2 0 0 aa id") == [.disordered])
    }

    @Test func aNumberOfTwoEventsIsFoundOverAllClients() {
        let text =
            published + "client a event 1 0 0 aa id\nclient b connects -\nclient b welcome e:0\n"
            + "client b event 1 0 1 bb id\nclient b event 2 0 0 aa id"
        #expect(kinds(text).contains(.renumbered))
    }

    @Test func aGapWithoutAPowerCutIsFound() {
        let text = "client a connects e:0\nclient a welcome e:9\nclient a resumed e:9 gap e:9"
        #expect(kinds(text) == [.gap])
        #expect(kinds("disk error\n" + text) == [])
    }

    @Test func whatRedisHasLostMayBeMissingAndItsNumberAnothers() {
        let lost = published + "publish 0 0 ok power\nlost 0 0\n"
        #expect(kinds(lost) == [])
        #expect(kinds(lost.replacing("lost 0 0", with: "lost 0 1")) == [.lost])
        let other = "client a event 1 0 0 aa id\nclient b connects -\nclient b welcome e:0\nclient b event 1 0 1 bb id"
        // The first client gets the other event under the next numbering.
        let next =
            "\nclient a connects e:1\nclient a welcome f:0\nclient a resumed f:0 gap f:0\nclient a event 1 0 1 bb id"
        #expect(kinds(lost + other + next) == [])
        #expect(kinds("power cut\n" + published + other + next).contains(.renumbered))
        #expect(kinds(lost + "client a resumed e:9 gap e:9") == [])
        #expect(kinds(lost + "client a event 1 0 0 aa id\nclient a event 2 0 0 aa id") == [.doubled])
    }

    @Test func whatRedisHasLostMayComeAgainOnAnotherConnectionAndLate() {
        let again = published + "client a event 1 0 0 aa id\nclient a connects e:1\nclient a event 2 0 0 aa id"
        #expect(kinds(again) == [.doubled])
        #expect(kinds("lost 0 0\n" + again) == [.doubled], "it was lost before it was there")
        #expect(kinds(again.replacing("client a connects", with: "lost 0 0\nclient a connects")) == [])
        let late = published + "client a event 1 0 1 bb id\nclient a event 2 0 0 aa id"
        #expect(kinds(late) == [.disordered])
        #expect(kinds(late.replacing("client a event 1", with: "lost 0 0\nclient a event 1")) == [])
    }

    @Test func whatAGapTellsAfterALossOfRedisMayBeMissing() {
        let text = published + "publish 0 0 ok power\nredis loss\nclient a resumed f:1 gap f:1\n"
        #expect(kinds(text) == [.lost])
        #expect(kinds(text + "client a told 0 0") == [])
        #expect(kinds(text + "client a told 0 1") == [.lost])
        #expect(kinds(text.replacing("redis loss\n", with: "") + "client a told 0 0") == [.gap])
    }

    @Test func foreignAlteredAndRefusedEventsAreFound() {
        #expect(kinds(published + "client a event 1 7 7 aa id") == [.foreign])
        #expect(kinds(published + "client a event 1 0 0 ab id") == [.altered])
        #expect(kinds(published + "publish 0 0 failed\nclient a event 1 0 0 aa id") == [.refused])
        #expect(kinds(published + "publish 2 0 invoked cc c1\nclient a event 1 2 0 cc id") == [.altered])
    }

    @Test func aFileThatStaysIsFound() { #expect(kinds("left 1-2-3.json") == [.left]) }

    @Test func everyLineIsReadAsItIsWritten() throws {
        let lines = [
            "publish 3 17 invoked 8f3a01c2 c3", "publish 3 17 invoked 8f3a01c2 -", "publish 3 17 ok kill",
            "publish 3 17 ok power", "publish 3 17 failed", "publish 3 17 unknown", "server 0 start", "server 0 stop",
            "server 0 kill", "power cut", "disk error", "redis loss", "lost 3 17", "client a listens c1,c3",
            "client a listens -",
            "client a connects k3f9:120",
            "client a connects -", "client a welcome k3f9:125", "client a event 126 3 17 8f3a01c2 3-17",
            "client a resumed k3f9:125 complete", "client a resumed k3f9:125 gap k3f9:90", "client a told 3 17",
            "client a closed",
            "left 1795284000-12-1.json",
        ]
        for line in lines { #expect(HistoryEntry(line: line[...])?.line == line) }
    }

    @Test(arguments: [
        "", "publish", "publish 3", "publish 3 x ok kill", "publish 3 17 ok", "publish 3 17 ok fire", "publish 3 17",
        "server 0", "server 0 burns", "power", "power cuts", "client", "client a", "client a event 1 2 3 zz id",
        "client a event 1 2 3 aa", "client a resumed k3f9 complete", "client a resumed k3f9:1 perhaps",
        "client a resumed k3f9:1 gap", "client a resumed k3f9:1 gap 7",
        "client a welcome -",
        "client a connects nowhere", "left", "left a b", "lost", "lost 3", "lost 3 x", "redis", "redis losses",
        "client a told 3", "client a told 3 x",
        "unknown word",
    ])
    func whatIsNoEntryIsRefused(line: String) { #expect(HistoryEntry(line: line[...]) == nil) }

    /// Two events that may come or not, and a client.
    private let published =
        "publish 0 0 invoked aa -\npublish 0 1 invoked bb -\nclient a connects -\nclient a welcome e:0\n"

    private func kinds(_ text: String) -> [HistoryFinding.Kind] { check(text).map(\.kind) }

    private func check(_ text: String) -> [HistoryFinding] {
        var checker = HistoryChecker()
        for line in text.split(separator: "\n") {
            guard let entry = HistoryEntry(line: line) else {
                Issue.record("'\(line)' is no entry")
                continue
            }
            checker.note(entry)
        }
        return checker.finish()
    }
}
