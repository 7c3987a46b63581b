/* Preloaded: flock as other file systems give it, for files and folders below one that is called `store`.
 * LINEUP_TEST_FLOCK=nfs: NFS's rules. An exclusive lock needs a descriptor that can be written, a shared one one that
 * can be read; a folder's lock is local to its host, so it excludes nobody.
 * LINEUP_TEST_FLOCK=none: every lock is given and excludes nobody. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int is_below_store(int descriptor)
{
    char link[64], path[4096];
    ssize_t length;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    length = readlink(link, path, sizeof path - 2);
    if (length <= 0)
        return 0;
    path[length] = '/';
    path[length + 1] = 0;
    return strstr(path, "/store/") != NULL;
}

int flock(int descriptor, int operation)
{
    static int (*next)(int, int);
    const char *rules = getenv("LINEUP_TEST_FLOCK");
    struct stat about;
    int mode = fcntl(descriptor, F_GETFL) & O_ACCMODE;
    if (!next)
        next = (int (*)(int, int))dlsym(RTLD_NEXT, "flock");
    if (rules && *rules && is_below_store(descriptor)) {
        if (!strcmp(rules, "none"))
            return 0;
        if (!fstat(descriptor, &about) && S_ISDIR(about.st_mode))
            return 0;
        if (((operation & LOCK_EX) && mode == O_RDONLY) || ((operation & LOCK_SH) && mode == O_WRONLY)) {
            errno = EBADF;
            return -1;
        }
    }
    return next(descriptor, operation);
}
