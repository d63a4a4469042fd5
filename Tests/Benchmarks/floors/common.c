#include "common.h"

#include <ctype.h>

int need(int result, const char *what) {
    if (result >= 0) return result;
    perror(what);
    exit(1);
}

int listen_on(int port) {
    int one = 1, listener = need(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket");
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    need(bind(listener, (struct sockaddr *)&address, sizeof address), "bind");
    need(listen(listener, 4096), "listen");
    return listener;
}

static uint32_t rotate(uint32_t value, int bits) { return value << bits | value >> (32 - bits); }

// SHA-1 of at most 119 bytes (FIPS 180-4): two blocks.
static void sha1(const char *text, size_t length, unsigned char digest[20]) {
    unsigned char blocks[128] = {0};
    uint32_t h[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
    size_t end = length < 56 ? 64 : 128;
    memcpy(blocks, text, length);
    blocks[length] = 0x80;
    for (int i = 0; i < 8; i++) blocks[end - 1 - i] = (uint64_t)length * 8 >> (8 * i);
    for (size_t start = 0; start < end; start += 64) {
        uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
        for (int i = 0; i < 16; i++) {
            const unsigned char *p = blocks + start + 4 * i;
            w[i] = (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
        }
        for (int i = 16; i < 80; i++) w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
        for (int i = 0; i < 80; i++) {
            uint32_t f = i < 20 ? (b & c) | (~b & d) : i < 40 ? b ^ c ^ d : i < 60 ? (b & c) | (b & d) | (c & d) : b ^ c ^ d;
            uint32_t k = i < 20 ? 0x5A827999 : i < 40 ? 0x6ED9EBA1 : i < 60 ? 0x8F1BBCDC : 0xCA62C1D6;
            uint32_t next = rotate(a, 5) + f + e + k + w[i];
            e = d, d = c, c = rotate(b, 30), b = a, a = next;
        }
        h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e;
    }
    for (int i = 0; i < 20; i++) digest[i] = h[i / 4] >> (24 - 8 * (i % 4));
}

static void base64(const unsigned char digest[20], char output[29]) {
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *p = output;
    for (int i = 0; i < 21; i += 3) {
        uint32_t group = digest[i] << 16 | digest[i + 1] << 8 | (i + 2 < 20 ? digest[i + 2] : 0);
        for (int shift = 18; shift >= 0; shift -= 6) *p++ = alphabet[group >> shift & 63];
    }
    output[27] = '=';
    output[28] = 0;
}

int handshake(int client) {
    char request[2048], text[128], accept[29], answer[256];
    unsigned char digest[20];
    ssize_t count = recv(client, request, sizeof request - 1, 0);
    if (count < 0 && errno == EAGAIN) return 0;
    if (count <= 0) return -1;
    request[count] = 0;
    char *key = strcasestr(request, "\nsec-websocket-key:");
    if (!key) return -1;
    for (key += 19; *key == ' '; key++) {}
    int length = snprintf(
        text, sizeof text, "%.24s%s", key, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    sha1(text, length, digest);
    base64(digest, accept);
    length = snprintf(
        answer, sizeof answer,
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: %s\r\n\r\n", accept);
    return send(client, answer, length, MSG_NOSIGNAL) == length ? 1 : -1;
}

static int compare(const void *left, const void *right) { return strcmp(*(char *const *)left, *(char *const *)right); }

int list_names(int directory, char ***names) {
    int count = 0, capacity = 1024;
    int copy = need(openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), "openat");
    DIR *listing = fdopendir(copy);
    *names = malloc(capacity * sizeof **names);
    for (struct dirent *entry; (entry = readdir(listing));) {
        if (entry->d_name[0] == '.') continue;
        if (count == capacity) *names = realloc(*names, (capacity *= 2) * sizeof **names);
        (*names)[count++] = strdup(entry->d_name);
    }
    closedir(listing);
    qsort(*names, count, sizeof **names, compare);
    return count;
}

void free_names(char **names, int count) {
    for (int i = 0; i < count; i++) free(names[i]);
    free(names);
}

size_t take_file(int directory, const char *name, char *buffer, size_t capacity) {
    int file = openat(directory, name, O_RDONLY | O_CLOEXEC);
    // A listing during which files are renamed may name one twice (seen on tmpfs).
    if (file < 0 && errno == ENOENT) return 0;
    need(file, name);
    size_t length = 0;
    for (ssize_t count; (count = read(file, buffer + length, capacity - length)) > 0; length += count) {}
    close(file);
    need(unlinkat(directory, name, 0), name);
    return length;
}

size_t frame_header(unsigned char *output, size_t length) {
    output[0] = 0x81;
    if (length < 126) return output[1] = length, 2;
    if (length < 65536) return output[1] = 126, output[2] = length >> 8, output[3] = length, 4;
    output[1] = 127;
    for (int i = 0; i < 8; i++) output[2 + i] = (uint64_t)length >> (56 - 8 * i);
    return 10;
}

void open_spool(const char *path, int *directory, int *watch) {
    *directory = need(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), path);
    *watch = need(inotify_init1(IN_NONBLOCK | IN_CLOEXEC), "inotify_init1");
    need(inotify_add_watch(*watch, path, IN_MOVED_TO), "inotify_add_watch");
}
