// What the file system alone costs. Usage: files create|drain DIRECTORY COUNT BYTES
//
//   create  create, write, close and rename so many files
//   drain   list, sort, open, read and unlink all of them
//
// Prints microseconds for each file.
#include "common.h"

#include <time.h>

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

static void create(int directory, int count, size_t length) {
    char hidden[64], visible[64], *bytes = malloc(length);
    memset(bytes, 'x', length);
    for (int i = 0; i < count; i++) {
        snprintf(hidden, sizeof hidden, ".17920000%011d-1-1-1.tmp", i);
        snprintf(visible, sizeof visible, "17920000%011d-1-1-1.json", i);
        int file = need(openat(directory, hidden, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644), hidden);
        need(write(file, bytes, length), "write");
        close(file);
        need(renameat(directory, hidden, directory, visible), visible);
    }
}

static int drain(int directory) {
    char **names, buffer[65536];
    int count = list_names(directory, &names);
    for (int i = 0; i < count; i++) take_file(directory, names[i], buffer, sizeof buffer);
    free_names(names, count);
    return count;
}

int main(int argument_count, char **arguments) {
    if (argument_count != 5) return fprintf(stderr, "usage: files create|drain DIRECTORY COUNT BYTES\n"), 64;
    int count = atoi(arguments[3]), directory = need(open(arguments[2], O_RDONLY | O_DIRECTORY), arguments[2]);
    double start = now();
    if (!strcmp(arguments[1], "create")) create(directory, count, atoi(arguments[4]));
    else count = drain(directory);
    printf("%.3f\n", (now() - start) / count);
}
