package import WSQueueAccess
package import WSQueueWire

/// Whose WebSocket is opened before it is known who it is: a client of `wsqueue.v1` at a path that is for users only.
package struct Applicant {
    package let head: RequestHead
    package let handshake: Handshake
    package let source: RequestSource
}
