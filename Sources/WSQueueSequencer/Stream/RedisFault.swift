internal import WSQueueSystem

/// Why Redis cannot be used now, with what the operator can do.
package struct RedisFault: Error, Equatable, Sendable {
    /// One word: that of the refusal (`LOADING`, `READONLY`, …), or what happened to the connection.
    package let code: String
    /// What happened, in words.
    package let text: String

    /// Makes a fault of its parts.
    package init(code: String, text: String) {
        self.code = code
        self.text = text
    }

    /// What the server refused with: its first word is the code.
    package init(refusal: String) {
        code = String(refusal.prefix { $0 != " " })
        text = refusal
    }

    package static let silent = RedisFault(code: "silent", text: "no answer in time")
    package static let ended = RedisFault(code: "ended", text: "it ended the connection")
    package static let unresolved = RedisFault(code: "address", text: "the name has no address")
    package static let unresolvedInTime = RedisFault(code: "address", text: "the name was not looked up in time")

    /// A connection that could not be made, or ended.
    package static func connection(errorNumber: Int32) -> RedisFault {
        errorNumber == 0 ? .ended : RedisFault(code: "connect", text: SystemCallError.reason(of: errorNumber))
    }

    /// What the operator can do; until then files wait, and it is tried again and again.
    package var hint: String {
        switch code {
        case "connect", "ended": "start Redis, or look at --redis; files wait"
        case "address": "look at the host in --redis; files wait"
        case "silent": "Redis is paused, stopped or too busy; files wait"
        case "LOADING": "Redis reads its data; files wait until it has"
        case "READONLY", "replica": "name the master too in --redis, or wait for the failover; files wait"
        case "OOM": "Redis has used up its maxmemory: give it more; files wait"
        case "MISCONF": "Redis cannot write its data: look at its log and disk; files wait"
        case "NOAUTH": "give a password with --redis-password-file; files wait"
        case "WRONGPASS": "look at the user and password of --redis and --redis-password-file; files wait"
        case "NOPERM": "let the user have the stream's commands and keys, {NAME}:* besides NAME; files wait"
        case "BUSY", "UNKILLABLE": "a script keeps Redis busy: SCRIPT KILL; files wait"
        case "CLUSTERDOWN": "the cluster does not serve this key's slot; files wait"
        case "MOVED", "ASK": "name the node of the cluster that holds the stream in --redis; files wait"
        case "WRONGTYPE", "stream": "something else uses the stream's key: choose another --redis-stream; files wait"
        case "version": "install Redis 7.0 or later; files wait"
        case "fenced": "another server uses the same node id: if the queue was copied, remove its .node; files wait"
        case "NOREPLICAS", "replicas": "bring the replicas back, or lower --redis-replicas; files wait"
        default: "look at Redis and its log; files wait"
        }
    }
}
