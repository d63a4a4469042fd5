// What the floors share: the handshake, the spool, and the clients. A floor does what no server can leave out, and
// nothing else: no limits, no checks, no log.
#ifndef FLOORS_COMMON_H
#define FLOORS_COMMON_H

#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define CLIENT_LIMIT 20000
#define EVENT_LIMIT (1 << 20)

// Ends the program when something every floor needs is refused.
int need(int result, const char *what);

// A listening socket on 127.0.0.1, non-blocking.
int listen_on(int port);

// Reads a request, which comes in one piece on loopback, and answers it (RFC 6455, section 4.2). 1 when a WebSocket is
// open, 0 when nothing has come yet, -1 when the connection is over.
int handshake(int client);

// The names of the event files in a directory, oldest first by the text of the name. The caller frees with
// free_names. Returns how many.
int list_names(int directory, char ***names);
void free_names(char **names, int count);

// Reads a file whole and deletes it. Returns its length, 0 when it has gone.
size_t take_file(int directory, const char *name, char *buffer, size_t capacity);

// Writes a text frame's header for `length` bytes of payload (RFC 6455, section 5.2). Returns its length.
size_t frame_header(unsigned char *output, size_t length);

// Opens a directory and a watch of what is renamed into it.
void open_spool(const char *path, int *directory, int *watch);

#endif
