/// What this is the source of.
package enum Version {
    /// The version of everything in the package.
    package static let text = "0.1.0"
}
