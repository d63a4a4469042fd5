internal import CWSQueueLinux
internal import Glibc
package import WSQueueSystem

/// A thread that runs one loop (pthread_create(3)).
@safe
package struct LoopThread: ~Copyable {
    private let handle: pthread_t

    /// Starts a thread; its name, up to 15 bytes, is what `top -H` shows.
    package init(name: String, _ body: @escaping @Sendable () -> Void) throws(SystemCallError) {
        var handle = pthread_t()
        let box = unsafe Unmanaged.passRetained(Body(run: body))
        let code = unsafe pthread_create(
            &handle, nil,
            { argument in
                if let argument = unsafe argument {
                    unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
                }
                return nil
            }, box.toOpaque())
        guard code == 0 else {
            unsafe box.release()
            throw SystemCallError(call: "pthread_create", object: name, code: code)
        }
        _ = unsafe name.withCString { unsafe pthread_setname_np(handle, $0) }
        self.handle = handle
    }

    // It is not joined: what the kernel and the library keep of it goes when it ends (pthread_detach(3)).
    deinit { _ = pthread_detach(handle) }

    /// Waits until the thread has ended.
    package consuming func join() {
        let handle = handle
        discard self
        _ = pthread_join(handle, nil)
    }

    private final class Body {
        let run: @Sendable () -> Void
        init(run: @escaping @Sendable () -> Void) { self.run = run }
    }
}
