// The cheapest broadcasters there can be, as yardsticks. Usage: broadcast write|ring PORT DIRECTORY
//
//   write  one write(2) for each client and event
//   ring   everything pending is framed once into one buffer; each client has a position in it and is sent all it is
//          owed with one send(2)
//
// Both take the files of a spool: an event a file, or a `.jsonl` file with an event a line.
#include "common.h"

struct client {
    int descriptor;
    char is_open, waits_for_space;
    size_t position;
};

static struct client clients[CLIENT_LIMIT];
static int client_count, hole_count, is_ring;
static int poller, directory, watch;

// The log: framed events, one behind the other. It begins anew when every client has all of it.
#define LOG_BYTES (256u << 20)
static char *log_bytes;
static size_t log_end;
static char *file_bytes;
#define FILE_BYTES (64u << 20)

static void control(int operation, int descriptor, uint32_t events, uint32_t index) {
    struct epoll_event event = {.events = events, .data.u32 = index};
    epoll_ctl(poller, operation, descriptor, &event);
}

static void drop(uint32_t index) {
    close(clients[index].descriptor);
    clients[index].descriptor = -1;
    clients[index].is_open = 0;
    hole_count++;
    while (client_count > 0 && clients[client_count - 1].descriptor < 0) client_count--, hole_count--;
}

// Sends what a client is owed, as far as its socket takes it.
static void send_log(uint32_t index) {
    struct client *client = &clients[index];
    while (client->position < log_end) {
        ssize_t count = send(
            client->descriptor, log_bytes + client->position, log_end - client->position, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count < 0 && errno == EAGAIN) {
            if (!client->waits_for_space) control(EPOLL_CTL_MOD, client->descriptor, EPOLLIN | EPOLLOUT, index);
            client->waits_for_space = 1;
            return;
        }
        if (count < 0) return drop(index);
        client->position += count;
    }
    if (client->waits_for_space) control(EPOLL_CTL_MOD, client->descriptor, EPOLLIN, index);
    client->waits_for_space = 0;
}

// One write for one event; a full socket is waited for.
static void write_event(uint32_t index, const char *bytes, size_t length) {
    for (size_t done = 0; done < length;) {
        ssize_t count = write(clients[index].descriptor, bytes + done, length - done);
        if (count < 0 && errno == EAGAIN) {
            struct pollfd space = {.fd = clients[index].descriptor, .events = POLLOUT};
            poll(&space, 1, -1);
            continue;
        }
        if (count < 0) return drop(index);
        done += count;
    }
}

static void append(const char *text, size_t length) {
    size_t start = log_end;
    log_end += frame_header((unsigned char *)log_bytes + log_end, length);
    memcpy(log_bytes + log_end, text, length);
    log_end += length;
    if (is_ring) return;
    for (int i = 0; i < client_count; i++)
        if (clients[i].is_open) write_event(i, log_bytes + start, log_end - start);
    log_end = start;
}

static void append_file(const char *name) {
    size_t length = take_file(directory, name, file_bytes, FILE_BYTES);
    size_t name_length = strlen(name);
    if (name_length < 6 || strcmp(name + name_length - 6, ".jsonl")) {
        while (length > 0 && file_bytes[length - 1] == '\n') length--;
        if (length > 0) append(file_bytes, length);
        return;
    }
    for (char *line = file_bytes, *end = file_bytes + length; line < end;) {
        char *stop = memchr(line, '\n', end - line);
        if (!stop) stop = end;
        if (stop > line) append(line, stop - line);
        line = stop + 1;
    }
}

// Whether all have all; the log may begin anew then.
static int is_done(void) {
    for (int i = 0; i < client_count; i++)
        if (clients[i].is_open && clients[i].position < log_end) return 0;
    for (int i = 0; i < client_count; i++) clients[i].position = 0;
    log_end = 0;
    return 1;
}

// Takes all files that wait, and sends them. Returns how many there were.
static int take_spool(void) {
    char notices[65536], **names;
    while (read(watch, notices, sizeof notices) > 0) {}
    int count = list_names(directory, &names);
    for (int i = 0; i < count; i++) append_file(names[i]);
    free_names(names, count);
    if (is_ring && count > 0)
        for (int i = 0; i < client_count; i++)
            if (clients[i].is_open && !clients[i].waits_for_space) send_log(i);
    return count;
}

static void accept_all(int listener) {
    for (int socket; (socket = accept4(listener, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
        int one = 1, index = hole_count > 0 ? 0 : client_count;
        while (index < client_count && clients[index].descriptor >= 0) index++;
        if (index == CLIENT_LIMIT) return (void)close(socket);
        if (index == client_count) client_count++;
        else hole_count--;
        setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        clients[index] = (struct client){.descriptor = socket};
        control(EPOLL_CTL_ADD, socket, EPOLLIN, index);
    }
}

static void receive(uint32_t index) {
    char ignored[4096];
    struct client *client = &clients[index];
    if (!client->is_open) {
        int result = handshake(client->descriptor);
        if (result < 0) return drop(index);
        client->is_open = result;
        client->position = log_end;
        return;
    }
    ssize_t count = recv(client->descriptor, ignored, sizeof ignored, MSG_DONTWAIT);
    if (count == 0 || (count < 0 && errno != EAGAIN)) drop(index);
}

int main(int argument_count, char **arguments) {
    if (argument_count != 4) return fprintf(stderr, "usage: broadcast write|ring PORT DIRECTORY\n"), 64;
    is_ring = !strcmp(arguments[1], "ring");
    log_bytes = malloc(LOG_BYTES);
    file_bytes = malloc(FILE_BYTES);
    poller = need(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
    open_spool(arguments[3], &directory, &watch);
    int listener = listen_on(atoi(arguments[2]));
    control(EPOLL_CTL_ADD, listener, EPOLLIN, CLIENT_LIMIT);
    control(EPOLL_CTL_ADD, watch, EPOLLIN, CLIENT_LIMIT + 1);
    int is_due = 1;
    for (;;) {
        struct epoll_event ready[512];
        int count = epoll_wait(poller, ready, 512, is_due && is_done() ? 0 : -1);
        for (int i = 0; i < count; i++) {
            uint32_t index = ready[i].data.u32;
            if (index == CLIENT_LIMIT) accept_all(listener);
            else if (index == CLIENT_LIMIT + 1) is_due = 1;
            else if (clients[index].waits_for_space && ready[i].events & EPOLLOUT) send_log(index);
            else receive(index);
        }
        // More than the socket buffers hold is taken only when all have what came before.
        if (!is_due || (log_end > 0 && !is_done())) continue;
        is_due = take_spool() > 0;
    }
}
