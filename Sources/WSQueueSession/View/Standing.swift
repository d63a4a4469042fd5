/// How a connection stands to what is published.
package enum Standing: UInt8, Sendable {
    /// Its request is awaited, read or answered: nothing is published to it.
    case asking
    /// It has been handed everything that its loop has handed out.
    case live
    /// Its socket took not all of that: it is sent the rest from the log, as its socket takes it.
    case behind
    /// It is sent what it missed first, from the journal; what is published meanwhile it finds at the end of that.
    case replaying
    /// Its last bytes are on their way, or were sent: nothing more is published to it.
    case closing
    /// It is over, and will be dropped at the end of the turn.
    case gone

    /// Whether publications are for it, now or once it has caught up.
    package var isReceiving: Bool { self == .live || self == .behind || self == .replaying }

    /// Whether it is owed publications that have been handed out.
    package var isOwed: Bool { self == .behind || self == .replaying }
}
