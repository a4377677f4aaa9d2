/* Loaded before the C library: keeps a copy of a database's files as a disk holds them when the power goes.
 *
 * Only what a process has asked to be synced is sure to be on a disk. At each fsync of a file whose path begins with
 * UNSYNCED_FILE this copies it to the same name under UNSYNCED_COPY, whole, and renames the copy into place. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void keep(int fd)
{
    const char *file = getenv("UNSYNCED_FILE"), *copy = getenv("UNSYNCED_COPY");
    char link[64], path[4096], target[4096], fresh[4200], block[65536];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (!file || !copy || length < 0)
        return;
    path[length] = '\0';
    if (strncmp(path, file, strlen(file)) != 0)
        return;
    snprintf(target, sizeof target, "%s%s", copy, path + strlen(file));
    snprintf(fresh, sizeof fresh, "%s.%d", target, (int)getpid());
    int out = open(fresh, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    off_t at = 0;
    for (ssize_t got; out >= 0 && (got = pread(fd, block, sizeof block, at)) > 0; at += got)
        if (write(out, block, (size_t)got) != got)
            abort();
    if (out < 0 || close(out) != 0 || rename(fresh, target) != 0)
        abort();
}

int fdatasync(int fd)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    int result = real(fd);
    if (result == 0)
        keep(fd);
    return result;
}

int fsync(int fd)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    int result = real(fd);
    if (result == 0)
        keep(fd);
    return result;
}
