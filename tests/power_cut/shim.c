/* Writes down what a process does to the files below one folder, so that a power cut can be played at any moment.
 * Loaded with LD_PRELOAD; POWER_ROOT names the folder, POWER_LOG the log. One record: type u8, path length u16, offset
 * u64, length u64 (little-endian), path, data. Not hooked: writev, mmap, io_uring, copy_file_range. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MOST 4096
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *paths[MOST];
static int folder[MOST];
static int out = -1;
static const char *root;

static void begin(void) {
    if (out < 0 && getenv("POWER_LOG")) {
        root = getenv("POWER_ROOT");
        out = syscall(SYS_openat, AT_FDCWD, getenv("POWER_LOG"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    }
}

static int ours(const char *path) { return root && out >= 0 && path && strncmp(path, root, strlen(root)) == 0; }

static void tell(char type, const char *path, uint64_t offset, const void *data, uint64_t length) {
    unsigned char head[19];
    uint16_t n = path ? strlen(path) : 0;
    head[0] = type;
    memcpy(head + 1, &n, 2);
    memcpy(head + 3, &offset, 8);
    memcpy(head + 11, &length, 8);
    syscall(SYS_write, out, head, sizeof head);
    if (n) syscall(SYS_write, out, path, n);
    if (data && length) syscall(SYS_write, out, data, length);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int opened(int fd, const char *path, int flags, int was_there) {
    if (fd < 0 || fd >= MOST) return fd;
    free(paths[fd]);
    paths[fd] = NULL;
    if (ours(path)) {
        struct stat s;
        paths[fd] = strdup(path);
        folder[fd] = fstat(fd, &s) == 0 && S_ISDIR(s.st_mode);
        if (!folder[fd] && (flags & O_CREAT) && !was_there) tell('C', path, 0, NULL, 0);
        else if (!folder[fd] && (flags & O_TRUNC)) tell('T', path, 0, NULL, 0);
    }
    return fd;
}

static int open_any(int at, const char *path, int flags, int mode) {
    begin();
    pthread_mutex_lock(&lock);
    int was_there = ours(path) && syscall(SYS_faccessat, AT_FDCWD, path, F_OK) == 0;
    int fd = syscall(SYS_openat, at, path, flags, mode);
    if (fd < 0) { /* syscall() has set errno */
        pthread_mutex_unlock(&lock);
        return fd;
    }
    opened(fd, path, flags, was_there);
    pthread_mutex_unlock(&lock);
    return fd;
}

#define MODE(flags) int mode = 0; if ((flags) & (O_CREAT | O_TMPFILE)) { va_list a; va_start(a, flags); mode = va_arg(a, int); va_end(a); }
int open(const char *path, int flags, ...) { MODE(flags) return open_any(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags) return open_any(AT_FDCWD, path, flags | O_LARGEFILE, mode); }
int openat(int at, const char *path, int flags, ...) { MODE(flags) return open_any(at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE(flags) return open_any(at, path, flags | O_LARGEFILE, mode); }

int close(int fd) {
    pthread_mutex_lock(&lock);
    if (fd >= 0 && fd < MOST) { free(paths[fd]); paths[fd] = NULL; }
    int done = REAL(close)(fd);
    pthread_mutex_unlock(&lock);
    return done;
}

static const char *named(int fd) { return fd >= 0 && fd < MOST ? paths[fd] : NULL; }

ssize_t write(int fd, const void *data, size_t n) {
    begin();
    pthread_mutex_lock(&lock);
    off_t at = named(fd) ? lseek(fd, 0, SEEK_CUR) : 0;
    ssize_t done = syscall(SYS_write, fd, data, n);
    if (done > 0 && named(fd)) tell('W', named(fd), at, data, done);
    else if (done > 0 && fd == 1 && out >= 0) tell('A', NULL, 0, data, done);
    pthread_mutex_unlock(&lock);
    return done;
}

static ssize_t write_at(int fd, const void *data, size_t n, off_t at) {
    pthread_mutex_lock(&lock);
    ssize_t done = syscall(SYS_pwrite64, fd, data, n, at);
    if (done > 0 && named(fd)) tell('W', named(fd), at, data, done);
    pthread_mutex_unlock(&lock);
    return done;
}
ssize_t pwrite(int fd, const void *data, size_t n, off_t at) { return write_at(fd, data, n, at); }
ssize_t pwrite64(int fd, const void *data, size_t n, off64_t at) { return write_at(fd, data, n, at); }

static int cut(int fd, off_t length) {
    pthread_mutex_lock(&lock);
    int done = syscall(SYS_ftruncate, fd, length);
    if (done == 0 && named(fd)) tell('T', named(fd), length, NULL, 0);
    pthread_mutex_unlock(&lock);
    return done;
}
int ftruncate(int fd, off_t length) { return cut(fd, length); }
int ftruncate64(int fd, off64_t length) { return cut(fd, length); }

static int synced(int fd, int number) {
    pthread_mutex_lock(&lock);
    int done = syscall(number, fd);
    if (done == 0 && named(fd)) tell(folder[fd] ? 'd' : 'S', named(fd), 0, NULL, 0);
    pthread_mutex_unlock(&lock);
    return done;
}
int fsync(int fd) { return synced(fd, SYS_fsync); }
int fdatasync(int fd) { return synced(fd, SYS_fdatasync); }

int sync_file_range(int fd, off64_t at, off64_t n, unsigned flags) {
    pthread_mutex_lock(&lock);
    int done = syscall(SYS_sync_file_range, fd, at, n, flags);
    if (done == 0 && named(fd)) tell('r', named(fd), at, NULL, 0);
    pthread_mutex_unlock(&lock);
    return done;
}

int rename(const char *from, const char *to) {
    pthread_mutex_lock(&lock);
    int done = REAL(rename)(from, to);
    if (done == 0 && ours(from)) tell('N', from, 0, to, strlen(to));
    pthread_mutex_unlock(&lock);
    return done;
}

int mkdir(const char *path, mode_t mode) {
    begin();
    pthread_mutex_lock(&lock);
    int done = REAL(mkdir)(path, mode);
    if (done == 0 && ours(path)) tell('D', path, 0, NULL, 0);
    pthread_mutex_unlock(&lock);
    return done;
}

int unlink(const char *path) {
    pthread_mutex_lock(&lock);
    int done = REAL(unlink)(path);
    if (done == 0 && ours(path)) tell('U', path, 0, NULL, 0);
    pthread_mutex_unlock(&lock);
    return done;
}
