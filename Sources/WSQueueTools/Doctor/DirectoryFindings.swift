/// The directory's mode: whom it lets publish, and what else it lets them do.
enum DirectoryFindings {
    static func all(_ facts: DoctorFacts) -> [Finding] {
        let (directory, path) = (facts.directory, facts.path)
        let mode = String(directory.mode, radix: 8)
        let isSticky = directory.mode & 0o1000 != 0
        let isShared = directory.mode & 0o022 != 0
        let isOpen = directory.mode & 0o002 != 0
        var findings: [Finding] = []
        if isOpen {
            findings.append(
                Finding(
                    isSticky ? .warning : .error,
                    "mode \(mode) lets every user of this machine publish"
                        + (isSticky ? "" : " and replace others' events"),
                    fix: "chgrp wsqueue-publish \(path) && chmod 3730 \(path)"))
        } else if isShared, !isSticky {
            findings.append(
                Finding(
                    .warning,
                    "mode \(mode) lets one publisher of the group \(directory.groupName) replace another's events",
                    fix: "chmod +t \(path)"))
        }
        if isShared, directory.mode & 0o2000 == 0, !isOpen {
            findings.append(
                Finding(
                    .note, "mode \(mode) without setgid: event files belong to their publishers' own groups",
                    fix: "chmod g+s \(path)"))
        }
        if directory.mode & 0o040 != 0, isShared, !isOpen {
            findings.append(
                Finding(
                    .note,
                    "mode \(mode) lets the group \(directory.groupName) list others' events; fine for who trusts it",
                    fix: "chmod g-r \(path)"))
        }
        if !isShared {
            findings.append(
                Finding(.note, "mode \(mode): only \(directory.owner) may publish", fix: "chmod 3730 \(path)"))
        }
        return findings
    }
}
