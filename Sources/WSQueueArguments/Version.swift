/// The version of both programs: a publisher and a server of one release belong together.
package enum Version {
    /// Such as `0.2.0`.
    package static let text = "0.2.0"
}
