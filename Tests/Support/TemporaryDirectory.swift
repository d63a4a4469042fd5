internal import Foundation

/// Runs `body` with a fresh empty directory and removes it afterwards.
///
/// - Parameters:
///   - isInMemory: Whether it is wanted in memory, where there is such a place, because bringing things to the disk takes
///     time and it is done again and again.
///   - body: Gets the directory's absolute path.
public func withTemporaryDirectory<Result>(isInMemory: Bool = false, _ body: (String) throws -> Result) throws -> Result
{
    let memory = URL(fileURLWithPath: "/dev/shm")
    let files = FileManager.default
    let parent = isInMemory && files.isWritableFile(atPath: memory.path) ? memory : files.temporaryDirectory
    let path = parent.appendingPathComponent("wsqueue-\(UUID().uuidString)").path
    try files.createDirectory(atPath: path, withIntermediateDirectories: false)
    defer { try? files.removeItem(atPath: path) }
    return try body(path)
}
