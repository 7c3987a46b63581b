/* Preloaded into a worker: files below $LINEUP_TEST_BAD cannot be opened, or opened and not read.
 * $LINEUP_TEST_ERRNO is the error; a leading r means that reading fails, and not opening. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int failure(const char *path, int reading)
{
    const char *bad = getenv("LINEUP_TEST_BAD"), *number = getenv("LINEUP_TEST_ERRNO");
    if (!bad || !number || !path || strncmp(path, bad, strlen(bad)) || (number[0] == 'r') != reading)
        return 0;
    return atoi(number + reading);
}

/* The path that a name in an open folder leads to; folders are opened one by one, and the name is relative. */
static const char *joined(int folder, const char *name, char *path, size_t size)
{
    char link[64];
    ssize_t length;
    if (!name || name[0] == '/' || folder == AT_FDCWD)
        return name;
    snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    length = readlink(link, path, size - 1);
    if (length <= 0)
        return name;
    snprintf(path + length, size - length, "/%s", name);
    return path;
}

#define OPENAT(name)                                                      \
    int name(int folder, const char *path, int flags, ...)                \
    {                                                                     \
        static int (*next)(int, const char *, int, ...);                  \
        char whole[4096];                                                 \
        va_list more;                                                     \
        int mode;                                                         \
        if (!next)                                                        \
            next = dlsym(RTLD_NEXT, #name);                               \
        if ((errno = failure(joined(folder, path, whole, sizeof whole), 0))) \
            return -1;                                                    \
        va_start(more, flags);                                            \
        mode = va_arg(more, int);                                         \
        va_end(more);                                                     \
        return next(folder, path, flags, mode);                           \
    }

OPENAT(openat)
OPENAT(openat64)

#define OPEN(name)                                                        \
    int name(const char *path, int flags, ...)                            \
    {                                                                     \
        static int (*next)(const char *, int, ...);                       \
        va_list more;                                                     \
        int mode;                                                         \
        if (!next)                                                        \
            next = dlsym(RTLD_NEXT, #name);                               \
        if ((errno = failure(path, 0)))                                   \
            return -1;                                                    \
        va_start(more, flags);                                            \
        mode = va_arg(more, int);                                         \
        va_end(more);                                                     \
        return next(path, flags, mode);                                   \
    }

OPEN(open)
OPEN(open64)

ssize_t read(int descriptor, void *buffer, size_t count)
{
    static ssize_t (*next)(int, void *, size_t);
    char link[64], path[4096];
    ssize_t length;
    if (!next)
        next = dlsym(RTLD_NEXT, "read");
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    length = readlink(link, path, sizeof path - 1);
    if (length > 0) {
        path[length] = 0;
        if ((errno = failure(path, 1)))
            return -1;
    }
    return next(descriptor, buffer, count);
}
