// The C library for Embedded Swift, which brings no Glibc module. Headers only: nothing here is compiled into a library.
#ifndef CWSQUEUELIBC_H
#define CWSQUEUELIBC_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// Swift's Glibc module gives these the type of st_mode; the macros would be of another one.
#undef S_IFMT
#undef S_IFSOCK
#undef S_IFLNK
#undef S_IFREG
#undef S_IFBLK
#undef S_IFDIR
#undef S_IFCHR
#undef S_IFIFO
static const mode_t S_IFMT = 0170000;
static const mode_t S_IFSOCK = 0140000;
static const mode_t S_IFLNK = 0120000;
static const mode_t S_IFREG = 0100000;
static const mode_t S_IFBLK = 0060000;
static const mode_t S_IFDIR = 0040000;
static const mode_t S_IFCHR = 0020000;
static const mode_t S_IFIFO = 0010000;

// Swift imports no macro with a cast, and no variadic function.
#undef SIG_DFL
#undef SIG_IGN
#undef MAP_FAILED
static void (*const SIG_DFL)(int) = (void (*)(int))0;
static void (*const SIG_IGN)(int) = (void (*)(int))1;
static void *const MAP_FAILED = (void *)-1;
static inline int wsqueue_errno(void) { return errno; }
static inline void wsqueue_set_errno(int code) { errno = code; }
static inline int wsqueue_open(const char *path, int flags, mode_t mode) { return open(path, flags, mode); }
static inline int wsqueue_openat(int directory, const char *path, int flags, mode_t mode) {
    return openat(directory, path, flags, mode);
}
static inline int wsqueue_fcntl(int descriptor, int command, int value) { return fcntl(descriptor, command, value); }

#endif
