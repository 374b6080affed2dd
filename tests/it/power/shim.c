/* Writes down, in order, what a process writes to the files below a folder, and what it brings to
 * the disk: so that a test can make of it what a power cut leaves. Loaded before the C library. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER;
static int record = -1;

static void put(const void *bytes, size_t length) {
    const char *at = bytes;
    while (length > 0) {
        long some = syscall(SYS_write, record, at, length);
        if (some <= 0) abort();
        at += some;
        length -= (size_t)some;
    }
}

/* kind, length of the name, offset, length of the bytes; then the name and the bytes. */
static void note_name(char kind, const char *name, int64_t offset, const void *bytes, uint64_t length) {
    const char *to = getenv("HOLDPOINT_TEST_POWER_RECORD");
    size_t named = strlen(name);
    if (!to) return;
    if (record < 0) record = (int)syscall(SYS_openat, AT_FDCWD, to, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    uint64_t head[4] = {(uint64_t)kind, named, (uint64_t)offset, length};
    put(head, sizeof head);
    put(name, named);
    if (bytes) put(bytes, length);
}

static int is_ours(const char *name) {
    const char *folder = getenv("HOLDPOINT_TEST_POWER_FOLDER");
    return folder && strncmp(name, folder, strlen(folder)) == 0;
}

static void note(char kind, int fd, int64_t offset, const void *bytes, uint64_t length) {
    char link[64], name[4096];
    if (fd == 1) {
        note_name(kind, "(said)", offset, bytes, length);
        return;
    }
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t named = readlink(link, name, sizeof name - 1);
    if (named <= 0) return;
    name[named] = 0;
    if (is_ours(name)) note_name(kind, name, offset, bytes, length);
}

#define REAL(type, name, ...) type (*real)(__VA_ARGS__) = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

static ssize_t written(ssize_t some, int fd, int64_t at, const void *bytes) {
    if (some > 0) note('w', fd, at, bytes, (uint64_t)some);
    return some;
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) {
    REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
    pthread_mutex_lock(&one);
    ssize_t some = written(real(fd, bytes, length, at), fd, at, bytes);
    pthread_mutex_unlock(&one);
    return some;
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) {
    return pwrite64(fd, bytes, length, at);
}

ssize_t write(int fd, const void *bytes, size_t length) {
    pthread_mutex_lock(&one);
    int64_t at = (int64_t)syscall(SYS_lseek, fd, 0, (fcntl(fd, F_GETFL) & O_APPEND) ? SEEK_END : SEEK_CUR);
    ssize_t some = written(syscall(SYS_write, fd, bytes, length), fd, at, bytes);
    pthread_mutex_unlock(&one);
    return some;
}

int ftruncate64(int fd, off64_t length) {
    REAL(int, "ftruncate64", int, off64_t);
    pthread_mutex_lock(&one);
    int done = real(fd, length);
    if (done == 0) note('t', fd, length, 0, 0);
    pthread_mutex_unlock(&one);
    return done;
}

int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

static int synced(const char *name, int fd) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    pthread_mutex_lock(&one);
    int done = real(fd);
    if (done == 0) note('s', fd, 0, 0, 0);
    pthread_mutex_unlock(&one);
    return done;
}

int fsync(int fd) { return synced("fsync", fd); }
int fdatasync(int fd) { return synced("fdatasync", fd); }

int unlink(const char *name) {
    REAL(int, "unlink", const char *);
    pthread_mutex_lock(&one);
    int done = real(name);
    if (done == 0 && is_ours(name)) note_name('u', name, 0, 0, 0);
    pthread_mutex_unlock(&one);
    return done;
}
