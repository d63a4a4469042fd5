/// An authenticated user, as a token says it (SPEC §4, tokens).
///
/// Ids are labels, which are compared byte by byte: as strings, two users whose ids differ only in their Unicode
/// normalisation would be one.
package struct Identity: Equatable, Sendable {
    /// The user's id.
    package let user: Label
    /// The user's roles.
    package let roles: [String]
    /// The channels that the token names, for rules that say `claim`; `nil` where it names none.
    package let channels: [ChannelPattern]?
    /// What others may know of the user, as JSON in the token's own bytes.
    package let info: [UInt8]?
    /// When the token's time is over, Unix seconds, without leeway; `nil` is never.
    package let expiresAtSeconds: Int64?
    /// When the token was made (`iat`), Unix microseconds; `nil` where it does not say so.
    package let issuedAtMicroseconds: Int64?

    /// Makes an identity.
    package init(
        user: Label, roles: [String] = [], channels: [ChannelPattern]? = nil, info: [UInt8]? = nil,
        expiresAtSeconds: Int64? = nil, issuedAtMicroseconds: Int64? = nil
    ) {
        self.user = user
        self.roles = roles
        self.channels = channels
        self.info = info
        self.expiresAtSeconds = expiresAtSeconds
        self.issuedAtMicroseconds = issuedAtMicroseconds
    }
}
