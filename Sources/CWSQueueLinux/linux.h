// What Swift's Glibc module does not show. Headers only: nothing here is compiled into a library.
#ifndef CWSQUEUELINUX_H
#define CWSQUEUELINUX_H

#include <stddef.h>
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/vfs.h>
#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif

// GNU-only functions, declared by hand: defining _GNU_SOURCE would give structures another shape than
// Glibc's module has, and the two could not be used together.
int accept4(int descriptor, struct sockaddr *address, socklen_t *length, int flags);
int memfd_create(const char *name, unsigned int flags);
int pthread_setname_np(pthread_t thread, const char *name);
int renameat2(int old_directory, const char *old_path, int new_directory, const char *new_path, unsigned int flags);
ssize_t getdents64(int descriptor, void *buffer, size_t length);
// unistd.h, as a header of this module, would hide from Swift what Glibc's module has of it.
long syscall(long number, ...);
pid_t getpid(void);
void *mremap(void *address, size_t old_length, size_t new_length, int flags, ...);

// dl_iterate_phdr(3) names the program and its libraries; these are the first members of what it gives. By a name of our own,
// because musl declares the function, and glibc does not.
struct wsqueue_program {
    ElfW(Addr) base;
    const char *name;
    const ElfW(Phdr) *segments;
    ElfW(Half) count;
};
int wsqueue_each_program(int (*take)(struct wsqueue_program *, size_t, void *), void *data) __asm__("dl_iterate_phdr");

// syscall(2) and prctl(2) take any number of words, which Swift cannot give, and the C library has no functions for these
// calls (landlock(7), linux/landlock.h, pidfd_open(2)). Their numbers are the same on all machines.
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

static inline int wsqueue_pidfd_open(int process) { return (int)syscall(434, process, 0U); }

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

// Signals that a program reads from a descriptor are blocked in its threads. A library that was loaded before main may have
// started one that blocks none: what the kernel gives that one goes on to the main thread, whose number is that of the
// process; its code goes with it as a value, because the kernel lets no thread but the main one say that a signal is from
// the terminal. Only what may be called in a signal handler is called (signal-safety(7)).
static void wsqueue_pass_signal(int number, siginfo_t *information, void *context) {
    int code = errno;
    (void)context;
    if (syscall(SYS_gettid) == getpid()) {
        // The main thread has ended blocking it, or never began: then it does what it does to any program.
        signal(number, SIG_DFL);
        syscall(SYS_tgkill, getpid(), getpid(), number);
    } else {
        siginfo_t passed;
        memset(&passed, 0, sizeof passed);
        passed.si_signo = number;
        passed.si_code = SI_QUEUE;
        passed.si_pid = getpid();
        passed.si_value.sival_int = information->si_code;
        syscall(SYS_rt_tgsigqueueinfo, getpid(), getpid(), number, &passed);
    }
    errno = code;
}

// Whether whoever started this process has it ignore a signal.
static inline int wsqueue_ignores_signal(int number) {
    struct sigaction action;
    return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

static inline int wsqueue_pass_signals_on(int number) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = wsqueue_pass_signal;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    sigfillset(&action.sa_mask);
    return sigaction(number, &action, NULL);
}

// A second mapping of the pages of a shared one, at an address: of no file, so that no limit of files applies.
static inline void *wsqueue_map_again(void *pages, size_t length, void *address) {
    // 3 is MREMAP_MAYMOVE | MREMAP_FIXED (linux/mman.h), which no header shows without _GNU_SOURCE.
    return mremap(pages, 0, length, 3, address);
}

// CRC-32C by the processor's own instruction, eight bytes a step; only where the processor has it, which not all of an
// architecture do. The function may use it, the rest of the program may not: hence the attribute.
#if defined(__x86_64__)

static inline int wsqueue_has_crc32c(void) {
    unsigned int a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_SSE4_2) != 0;
}

__attribute__((target("sse4.2"))) static inline uint32_t wsqueue_crc32c(uint32_t crc, const void *bytes, size_t count) {
    const unsigned char *next = (const unsigned char *)bytes;
    uint64_t wide = crc, word;
    for (; count >= sizeof word; next += sizeof word, count -= sizeof word) {
        memcpy(&word, next, sizeof word);
        wide = __builtin_ia32_crc32di(wide, word);
    }
    crc = (uint32_t)wide;
    while (count-- > 0) crc = __builtin_ia32_crc32qi(crc, *next++);
    return crc;
}

#elif defined(__aarch64__) && defined(__LITTLE_ENDIAN__)

// 16 is AT_HWCAP, and bit 7 of it HWCAP_CRC32 (asm/hwcap.h).
static inline int wsqueue_has_crc32c(void) { return (getauxval(16) & (1UL << 7)) != 0; }

__attribute__((target("crc"))) static inline uint32_t wsqueue_crc32c(uint32_t crc, const void *bytes, size_t count) {
    const unsigned char *next = (const unsigned char *)bytes;
    uint64_t word;
    for (; count >= sizeof word; next += sizeof word, count -= sizeof word) {
        memcpy(&word, next, sizeof word);
        crc = __builtin_arm_crc32cd(crc, word);
    }
    while (count-- > 0) crc = __builtin_arm_crc32cb(crc, *next++);
    return crc;
}

#else

static inline int wsqueue_has_crc32c(void) { return 0; }
static inline uint32_t wsqueue_crc32c(uint32_t crc, const void *bytes, size_t count) {
    (void)bytes;
    (void)count;
    return crc;
}

#endif

#endif
