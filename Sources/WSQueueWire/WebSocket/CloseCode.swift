/// Why a WebSocket is closed, as the close frame says it (RFC 6455, section 7.4).
package struct CloseCode: RawRepresentable, Hashable, Sendable {
    /// The number in the close frame.
    package let rawValue: UInt16

    /// Takes a number that may stand in a close frame.
    ///
    /// - Returns: `nil` for numbers that must not be sent: below 1000, reserved for local use (1004, 1005, 1006, 1015),
    ///   unassigned (1016 to 2999) or out of range (5000 and above). 1012 to 1014 are IANA's later additions.
    package init?(rawValue: UInt16) {
        switch rawValue {
        case 1000...1003, 1007...1014, 3000...4999: self.rawValue = rawValue
        default: return nil
        }
    }

    private init(assigned number: UInt16) {
        rawValue = number
    }

    /// The purpose is fulfilled.
    package static let normal = CloseCode(assigned: 1000)
    /// The server is shutting down, or the page is left.
    package static let goingAway = CloseCode(assigned: 1001)
    /// The peer broke RFC 6455.
    package static let protocolError = CloseCode(assigned: 1002)
    /// A kind of data that is not accepted, such as binary where only text is understood.
    package static let unsupportedData = CloseCode(assigned: 1003)
    /// Text that is not UTF-8.
    package static let invalidPayload = CloseCode(assigned: 1007)
    /// Refused for a reason without a code of its own.
    package static let policyViolation = CloseCode(assigned: 1008)
    /// A message over the limit.
    package static let messageTooBig = CloseCode(assigned: 1009)
    /// The client wanted an extension it did not get.
    package static let mandatoryExtension = CloseCode(assigned: 1010)
    /// The server met a condition it did not expect.
    package static let internalError = CloseCode(assigned: 1011)
    /// The server cannot serve this client now.
    package static let tryAgainLater = CloseCode(assigned: 1013)
    /// The client's token has expired.
    package static let tokenExpired = CloseCode(assigned: 4001)
    /// The client may not do this.
    package static let forbidden = CloseCode(assigned: 4003)
    /// The client reads too slowly; it may resume from its cursor.
    package static let slow = CloseCode(assigned: 4008)
    /// The client's token was refused; coming back with it would be for nothing.
    package static let tokenRefused = CloseCode(assigned: 4501)
    /// A rule lets the client not connect.
    package static let connectionRefused = CloseCode(assigned: 4503)
    /// The application wants the client gone.
    package static let disconnected = CloseCode(assigned: 4504)
    /// Something is lost to a client whose messages are payloads alone, so that it cannot be told in another way.
    package static let gap = CloseCode(assigned: 4505)
    /// The client sends too much.
    package static let rateLimited = CloseCode(assigned: 4029)
}
