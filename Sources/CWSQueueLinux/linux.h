// What Swift's Glibc module does not show. Headers only: nothing here is compiled into a library.
#ifndef CWSQUEUELINUX_H
#define CWSQUEUELINUX_H

#include <stddef.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
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

// The environment's vector, as a function: Swift takes a C variable for shared mutable state and refuses it.
extern char **environ;
static inline char **wsqueue_environment(void) { return environ; }

#endif
