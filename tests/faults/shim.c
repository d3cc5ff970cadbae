/* Preloaded into a process and all its children: counts the calls of one kind that reach files under a
 * folder (or, for sends, another host's port), and makes the n-th of them fail. What to count is read from
 * a page of memory that the processes share with the test, so that it can be armed and read at any time. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { WRITE = 1, FSYNC = 2, RENAME = 4, CREATE = 8, SEND = 16 };
#define MOST_PORTS 8

/* tests/faults/injector.py declares the same fields in the same order. */
struct page {
    long long kinds;      /* counted now; 0: none */
    long long nth;        /* the call that fails; 0: none */
    long long persistent; /* 1: every later one fails too */
    long long error;      /* errno of the failure */
    long long calls;      /* counted since armed */
    long long failures;
    long long spared_ports[MOST_PORTS];
    char folder[PATH_MAX];
    char hit[PATH_MAX]; /* what the first failure was on */
};

static struct page *page;

__attribute__((constructor)) static void attach(void) {
    const char *name = getenv("BRINELL_FAULTS_PAGE");
    int file = name ? open(name, O_RDWR | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *memory = mmap(NULL, sizeof(struct page), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory != MAP_FAILED) page = memory;
    close(file);
}

/* Count a call; 1 where it has to fail, errno set. */
static int fails(const char *what) {
    long long number = __sync_add_and_fetch(&page->calls, 1);
    if (!page->nth || number < page->nth || (number > page->nth && !page->persistent)) return 0;
    if (__sync_add_and_fetch(&page->failures, 1) == 1) snprintf(page->hit, PATH_MAX, "%s", what);
    errno = (int)page->error;
    return 1;
}

static int counted(int kind) { return page && (page->kinds & kind); }

static int fails_at(int kind, const char *path) {
    if (!counted(kind) || !path || !page->folder[0]) return 0;
    size_t length = strlen(page->folder);
    return strncmp(path, page->folder, length) == 0 && fails(path);
}

static int fails_on(int kind, int fd) {
    if (!counted(kind)) return 0;
    char link[64], path[PATH_MAX];
    int before = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    errno = before;
    if (length < 0) return 0;
    path[length] = 0;
    return fails_at(kind, path);
}

static int fails_to_peer(int fd) {
    if (!counted(SEND)) return 0;
    struct sockaddr_storage peer;
    socklen_t length = sizeof peer;
    int before = errno, port;
    if (getpeername(fd, (struct sockaddr *)&peer, &length)) { errno = before; return 0; }
    if (peer.ss_family == AF_INET) port = ntohs(((struct sockaddr_in *)&peer)->sin_port);
    else if (peer.ss_family == AF_INET6) port = ntohs(((struct sockaddr_in6 *)&peer)->sin6_port);
    else return 0;
    for (int i = 0; i < MOST_PORTS; i++)
        if (page->spared_ports[i] == port) return 0;
    char what[32];
    snprintf(what, sizeof what, "port %d", port);
    return fails(what);
}

#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)
#define PASS(test, failed, name, ...) \
    { REAL(name); if (test) return failed; return real(__VA_ARGS__); }

ssize_t write(int fd, const void *b, size_t n) PASS(fails_on(WRITE, fd), -1, write, fd, b, n)
ssize_t pwrite(int fd, const void *b, size_t n, off_t o) PASS(fails_on(WRITE, fd), -1, pwrite, fd, b, n, o)
ssize_t pwrite64(int fd, const void *b, size_t n, off64_t o) PASS(fails_on(WRITE, fd), -1, pwrite64, fd, b, n, o)
ssize_t writev(int fd, const struct iovec *v, int n) PASS(fails_on(WRITE, fd), -1, writev, fd, v, n)
ssize_t pwritev(int fd, const struct iovec *v, int n, off_t o) PASS(fails_on(WRITE, fd), -1, pwritev, fd, v, n, o)
ssize_t pwritev64(int fd, const struct iovec *v, int n, off64_t o) PASS(fails_on(WRITE, fd), -1, pwritev64, fd, v, n, o)
/* libc flushes its buffers past the names above. */
size_t fwrite(const void *b, size_t s, size_t n, FILE *f) PASS(fails_on(WRITE, fileno(f)), 0, fwrite, b, s, n, f)
ssize_t sendfile(int to, int from, off_t *o, size_t n) PASS(fails_on(WRITE, to), -1, sendfile, to, from, o, n)
ssize_t sendfile64(int to, int from, off64_t *o, size_t n) PASS(fails_on(WRITE, to), -1, sendfile64, to, from, o, n)
ssize_t copy_file_range(int from, off64_t *i, int to, off64_t *o, size_t n, unsigned f)
    PASS(fails_on(WRITE, to), -1, copy_file_range, from, i, to, o, n, f)
int ftruncate(int fd, off_t n) PASS(fails_on(WRITE, fd), -1, ftruncate, fd, n)
int ftruncate64(int fd, off64_t n) PASS(fails_on(WRITE, fd), -1, ftruncate64, fd, n)
int fallocate(int fd, int m, off_t o, off_t n) PASS(fails_on(WRITE, fd), -1, fallocate, fd, m, o, n)
int posix_fallocate(int fd, off_t o, off_t n) PASS(fails_on(WRITE, fd), errno, posix_fallocate, fd, o, n)
int posix_fallocate64(int fd, off64_t o, off64_t n) PASS(fails_on(WRITE, fd), errno, posix_fallocate64, fd, o, n)

int fsync(int fd) PASS(fails_on(FSYNC, fd), -1, fsync, fd)
int fdatasync(int fd) PASS(fails_on(FSYNC, fd), -1, fdatasync, fd)

int rename(const char *from, const char *to) PASS(fails_at(RENAME, to), -1, rename, from, to)
int renameat(int d, const char *from, int e, const char *to) PASS(fails_at(RENAME, to), -1, renameat, d, from, e, to)
int renameat2(int d, const char *from, int e, const char *to, unsigned f)
    PASS(fails_at(RENAME, to), -1, renameat2, d, from, e, to, f)
int link(const char *from, const char *to) PASS(fails_at(RENAME, to), -1, link, from, to)

#define OPENED(test, name, flags, ...) \
    { \
        mode_t mode = 0; \
        REAL(name); \
        if ((flags) & (O_CREAT | __O_TMPFILE)) { \
            va_list rest; va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); \
        } \
        if (((flags) & O_CREAT) && test) return -1; \
        return real(__VA_ARGS__, mode); \
    }
static int makes(const char *path) { return counted(CREATE) && access(path, F_OK) && fails_at(CREATE, path); }

int open(const char *p, int f, ...) OPENED(makes(p), open, f, p, f)
int open64(const char *p, int f, ...) OPENED(makes(p), open64, f, p, f)
int openat(int d, const char *p, int f, ...) OPENED(makes(p), openat, f, d, p, f)
int openat64(int d, const char *p, int f, ...) OPENED(makes(p), openat64, f, d, p, f)
int mkdir(const char *p, mode_t m) PASS(makes(p), -1, mkdir, p, m)

ssize_t send(int fd, const void *b, size_t n, int f) PASS(fails_to_peer(fd), -1, send, fd, b, n, f)
ssize_t sendto(int fd, const void *b, size_t n, int f, const struct sockaddr *a, socklen_t l)
    PASS(fails_to_peer(fd), -1, sendto, fd, b, n, f, a, l)
ssize_t sendmsg(int fd, const struct msghdr *m, int f) PASS(fails_to_peer(fd), -1, sendmsg, fd, m, f)
