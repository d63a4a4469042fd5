/// What is drawn for a run besides its profile: rare habits of those who take part.
///
/// It is drawn apart, so that a run without them is what it is without this.
struct Extras {
    /// How often the monitor asks.
    var questions = 0
    /// Whether the file system has FIFOs.
    var hasFIFOs = false
    /// How many keys have a state; `nil` is as many as there are by default.
    var keyLimit: Int?
    /// What the payload is called on the wire, in a story.
    var payloadKey: String?
    /// Whether events have a member that means nothing.
    var hasUnknownMembers = false
    /// Whether a file lies in the queue that is no event's.
    var hasForeignFile = false
    /// Whether somebody asks at the end for what came within some time.
    var asksByAge = false
    /// Whether some events are published that their publisher may not publish.
    var hasForbiddenEvents = false
    /// Whether publishers put into the queue what cannot be read, or is no file.
    var hasOddFiles = false
    /// Whether there are users in a channel that tracks them.
    var hasGuests = false
    /// Whether a user comes and goes in such a channel, in a story.
    var hasVisitors = false
    /// Whether publishers write events as their library does.
    var usesLibrary = false
    /// Whether nothing can be set aside for a while.
    var hasFullFailed = false
    /// Whether events leave out connections that no longer are.
    var hasExceptions = false
    /// Whether another server has the queue for a while when it comes back.
    var hasOtherHolder = false
    /// Whether something of another user stands where the server's own belongs.
    var hasSquatter = false
    /// Whether the journal has a directory of its own.
    var hasJournalDirectory = false
    /// Whether those who write in place give names that say a time.
    var hasTimedNames = false

    init() {}

    init(_ random: Randomness, isStory: Bool, hasRightClock: Bool) {
        var random = random
        questions = random.pick([0, 0, 0, 0, 0, 0, 0, 0, 0, 8])
        hasFIFOs = random.chance(perMille: 200)
        if isStory {
            payloadKey = random.chance(perMille: 100) ? "data" : nil
            hasExceptions = random.chance(perMille: 150)
            hasVisitors = random.chance(perMille: 150)
            return
        }
        keyLimit = random.chance(perMille: 150) ? 1 + random.below(4) : nil
        hasUnknownMembers = random.chance(perMille: 50)
        hasForeignFile = random.chance(perMille: 50)
        asksByAge = hasRightClock && random.chance(perMille: 100)
        hasForbiddenEvents = random.chance(perMille: 150)
        hasOddFiles = random.chance(perMille: 150)
        hasTimedNames = random.chance(perMille: 150)
        usesLibrary = !hasUnknownMembers && random.chance(perMille: 100)
        hasFullFailed = hasOddFiles && random.chance(perMille: 300)
        hasOtherHolder = random.chance(perMille: 300)
        hasSquatter = random.chance(perMille: 50)
        hasJournalDirectory = random.chance(perMille: 100)
        hasGuests = random.chance(perMille: 70)
    }
}
