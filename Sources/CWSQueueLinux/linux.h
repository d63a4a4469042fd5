// What Swift's Glibc module does not show. Headers only: nothing here is compiled into a library.
#ifndef CWSQUEUELINUX_H
#define CWSQUEUELINUX_H

#include <stddef.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/vfs.h>

// GNU-only functions, declared by hand: defining _GNU_SOURCE would give structures another shape than
// Glibc's module has, and the two could not be used together.
int accept4(int descriptor, struct sockaddr *address, socklen_t *length, int flags);
int memfd_create(const char *name, unsigned int flags);
int pthread_setname_np(pthread_t thread, const char *name);
int renameat2(int old_directory, const char *old_path, int new_directory, const char *new_path, unsigned int flags);
ssize_t getdents64(int descriptor, void *buffer, size_t length);

// syscall(2) and prctl(2) take any number of words, which Swift cannot give, and the C library has no functions for these
// three calls (landlock(7), linux/landlock.h). Their numbers are the same on all machines.
long syscall(long number, ...);

static inline int wsqueue_landlock_version(void) { return (int)syscall(444, NULL, (size_t)0, 1U); }

static inline int wsqueue_landlock_create(uint64_t handled) { return (int)syscall(444, &handled, sizeof handled, 0U); }

static inline int wsqueue_landlock_allow(int ruleset, uint64_t allowed, int beneath) {
    struct {
        uint64_t allowed;
        int32_t beneath;
    } __attribute__((packed)) rule = {allowed, beneath};
    return (int)syscall(445, ruleset, 1, &rule, 0U);
}

static inline int wsqueue_landlock_restrict(int ruleset) { return (int)syscall(446, ruleset, 0U); }

static inline int wsqueue_no_new_privileges(void) { return prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L); }

// The environment's vector, as a function: Swift takes a C variable for shared mutable state and refuses it.
extern char **environ;
static inline char **wsqueue_environment(void) { return environ; }

// The words this process was started with. The C library hands them to each constructor, also in a static program, and
// constructors run before main: no system call, no /proc, and it does not matter what becomes of the environment.
struct wsqueue_words {
    int count;
    char **words;
};

// A variable of the header itself would be declared but not emitted by Swift's importer; one in a function is.
static inline struct wsqueue_words *wsqueue_kept_words(void) {
    static struct wsqueue_words kept = {0, NULL};
    return &kept;
}

__attribute__((constructor)) static void wsqueue_keep_words(int count, char **words, char **environment) {
    (void)environment;
    *wsqueue_kept_words() = (struct wsqueue_words){count, words};
}

static inline struct wsqueue_words wsqueue_words(void) {
    // Only what is used from Swift is emitted; naming the constructor here is its use.
    (void)wsqueue_keep_words;
    return *wsqueue_kept_words();
}

#endif
