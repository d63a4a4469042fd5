package import WSQueueSystem

/// What is ours in a directory, where no one asks what had to make room for it.
package func ownEntries(in directory: Directory) -> OwnEntries { OwnEntries(in: directory) { _ in } }
