/// Stands in for the runtime's search for its crash reporter (`swift_copyAuxiliaryExecutablePath`, see Package.swift).
///
/// In a static program that search reads /proc/self/exe before `main`, and ends the program where /proc is not mounted: in
/// the chroot of a web server, a publisher could not even start. There is no reporter to be found anyway.
@_cdecl("wsqueue_noAuxiliaryExecutable")
func noAuxiliaryExecutable(_ name: UnsafePointer<CChar>?) -> UnsafeMutablePointer<CChar>? { nil }
