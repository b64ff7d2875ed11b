/* Fails, cuts short or kills at the nth call that changes a file below a folder. Loaded by LD_PRELOAD.
 *
 * `fault_arm` chooses folder, call and kind; `fault_count` tells how many such calls there were. With a trace, each
 * call is recorded with its data, so that a power cut can be played at every point of one run.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { NONE, FULL, BROKEN, KILL, CUT };                /* what happens at the chosen call */
enum { TAKES_SPACE = 1, IS_WRITE = 2 };                /* what a call is */

static char root[PATH_MAX];
static size_t root_length;
static long chosen;
static int kind;
static int trace = -1;
static long *count;                                    /* shared with the parent process */

#define REAL(name) ((typeof(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void start(void) {
    count = mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

void fault_arm(const char *folder, long at, int what, int trace_to) {
    snprintf(root, sizeof root, "%s", folder);
    root_length = strlen(root);
    chosen = at;
    kind = what;
    trace = trace_to;
    *count = 0;
}

long fault_count(void) { return *count; }

static void raw(const void *data, size_t size) {
    while (size > 0) {
        ssize_t done = syscall(SYS_write, trace, data, size);
        if (done <= 0) return;
        data = (const char *)data + done;
        size -= done;
    }
}

static void record(const char *call, const char *one, const char *two, off_t offset, const void *data, size_t size) {
    if (trace < 0) return;
    int before = errno;
    char head[128];
    int length = snprintf(head, sizeof head, "%s %zu %zu %lld %zu\n", call, strlen(one), strlen(two),
                          (long long)offset, size);
    raw(head, length);
    raw(one, strlen(one));
    raw(two, strlen(two));
    raw(data, size);
    errno = before;
}

static int is_inside(const char *path) {
    return root_length && strncmp(path, root, root_length) == 0 && path[root_length] == '/';
}

static const char *path_of(int fd, char *out) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    int before = errno;
    ssize_t length = readlink(link, out, PATH_MAX - 1);
    errno = before;
    out[length < 0 ? 0 : length] = 0;
    return out;
}

static const char *full(int folder, const char *path, char *out) {
    char base[PATH_MAX];
    if (path[0] == '/') {
        snprintf(out, PATH_MAX, "%s", path);
        return out;
    }
    if (folder == AT_FDCWD) {
        if (!getcwd(base, sizeof base)) base[0] = 0;
    } else {
        path_of(folder, base);
    }
    if (snprintf(out, PATH_MAX, "%s/%s", base, path) >= PATH_MAX) out[0] = 0;
    return out;
}

/* Count a call; return -1 if it must fail, with errno set. A cut is left to the write itself. */
static int hit(const char *path, int what) {
    if (!is_inside(path)) return 0;
    long number = ++*count;
    if (kind == FULL && chosen && number >= chosen && what & TAKES_SPACE) {
        errno = ENOSPC;                                /* a full disk stays full */
        return -1;
    }
    if (number != chosen) return 0;
    if (kind == BROKEN) {
        errno = EIO;
        return -1;
    }
    if (kind == KILL || (kind == CUT && !(what & IS_WRITE))) kill(getpid(), SIGKILL);
    return kind == CUT ? 1 : 0;
}

static int open_at(int folder, const char *path, int flags, mode_t mode) {
    char name[PATH_MAX];
    int (*real)(int, const char *, int, ...) = REAL(openat);
    full(folder, path, name);
    if (!(flags & (O_CREAT | O_TRUNC)) || !is_inside(name) || (flags & O_TMPFILE) == O_TMPFILE)
        return real(folder, path, flags, mode);
    int is_new = access(name, F_OK) != 0;
    if (!is_new && !(flags & O_TRUNC)) return real(folder, path, flags, mode);
    if (is_new && !(flags & O_CREAT)) return real(folder, path, flags, mode);
    if (hit(name, is_new ? TAKES_SPACE : 0) < 0) return -1;
    int fd = real(folder, path, flags, mode);
    if (fd >= 0) record(is_new ? "create" : "truncate", name, "", 0, "", 0);
    return fd;
}

#define OPEN(name, at, folder)                                             \
    va_list rest;                                                          \
    va_start(rest, flags);                                                 \
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
    va_end(rest);                                                          \
    return open_at(folder, path, flags, mode)

int open(const char *path, int flags, ...) { OPEN(open, 0, AT_FDCWD); }
int open64(const char *path, int flags, ...) { OPEN(open64, 0, AT_FDCWD); }
int openat(int folder, const char *path, int flags, ...) { OPEN(openat, 1, folder); }
int openat64(int folder, const char *path, int flags, ...) { OPEN(openat64, 1, folder); }
int creat(const char *path, mode_t mode) { return open_at(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

static ssize_t put(int fd, const void *data, size_t size, off_t offset, int is_placed) {
    char name[PATH_MAX];
    ssize_t (*write_real)(int, const void *, size_t) = REAL(write);
    ssize_t (*pwrite_real)(int, const void *, size_t, off_t) = REAL(pwrite);
    if (fd == 1 && trace >= 0) record("say", "", "", 0, data, size);
    path_of(fd, name);
    int is_cut = 0;
    if (is_inside(name)) {
        is_cut = hit(name, TAKES_SPACE | IS_WRITE);
        if (is_cut < 0) return -1;
        if (is_cut) size /= 2;
        if (!is_placed) {
            offset = lseek(fd, 0, fcntl(fd, F_GETFL) & O_APPEND ? SEEK_END : SEEK_CUR);
        }
    }
    ssize_t done = is_placed ? pwrite_real(fd, data, size, offset) : write_real(fd, data, size);
    if (is_cut) kill(getpid(), SIGKILL);
    if (done > 0 && is_inside(name)) record("write", name, "", offset, data, done);
    return done;
}

ssize_t write(int fd, const void *data, size_t size) { return put(fd, data, size, 0, 0); }
ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) { return put(fd, data, size, offset, 1); }
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset) { return put(fd, data, size, offset, 1); }

ssize_t writev(int fd, const struct iovec *parts, int number) {
    ssize_t total = 0;
    for (int at = 0; at < number; at++) {
        ssize_t done = write(fd, parts[at].iov_base, parts[at].iov_len);
        if (done < 0) return total ? total : done;
        total += done;
        if ((size_t)done < parts[at].iov_len) break;
    }
    return total;
}

/* Programs fall back to plain reads and writes. */
ssize_t sendfile(int to, int from, off_t *offset, size_t size) { errno = EINVAL; return -1; }
ssize_t sendfile64(int to, int from, off64_t *offset, size_t size) { errno = EINVAL; return -1; }
ssize_t copy_file_range(int from, off64_t *start, int to, off64_t *target, size_t size, unsigned flags) {
    errno = EINVAL;
    return -1;
}

static int cut_file(int fd, off_t length) {
    char name[PATH_MAX];
    if (hit(path_of(fd, name), 0) < 0) return -1;
    int done = REAL(ftruncate)(fd, length);
    if (done == 0 && is_inside(name)) record("resize", name, "", length, "", 0);
    return done;
}

int ftruncate(int fd, off_t length) { return cut_file(fd, length); }
int ftruncate64(int fd, off64_t length) { return cut_file(fd, length); }

int fsync(int fd) {
    char name[PATH_MAX];
    if (hit(path_of(fd, name), 0) < 0) return -1;
    int done = REAL(fsync)(fd);
    if (done == 0 && (is_inside(name) || strcmp(name, root) == 0)) record("sync", name, "", 0, "", 0);
    return done;
}

int fdatasync(int fd) { return fsync(fd); }

/* Record a file that comes from outside of the folder as one that is written in it. */
static void arrive(const char *path) {
    char data[65536];
    if (trace < 0) return;
    record("create", path, "", 0, "", 0);
    int fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY, 0);
    off_t at = 0;
    for (ssize_t size; fd >= 0 && (size = read(fd, data, sizeof data)) > 0; at += size)
        record("write", path, "", at, data, size);
    if (fd >= 0) close(fd);
}

static int move(int from, const char *old, int to, const char *new) {
    char one[PATH_MAX], two[PATH_MAX];
    full(from, old, one);
    full(to, new, two);
    if (hit(is_inside(two) ? two : one, 0) < 0) return -1;
    int done = REAL(renameat)(from, old, to, new);
    if (done == 0 && is_inside(one) && is_inside(two)) record("rename", one, two, 0, "", 0);
    if (done == 0 && !is_inside(one) && is_inside(two)) arrive(two);
    return done;
}

int rename(const char *old, const char *new) { return move(AT_FDCWD, old, AT_FDCWD, new); }
int renameat(int from, const char *old, int to, const char *new) { return move(from, old, to, new); }

static int remove_at(int folder, const char *path, int flags) {
    char name[PATH_MAX];
    full(folder, path, name);
    if (hit(name, 0) < 0) return -1;
    int done = REAL(unlinkat)(folder, path, flags);
    if (done == 0 && is_inside(name)) record("remove", name, "", 0, "", 0);
    return done;
}

int unlink(const char *path) { return remove_at(AT_FDCWD, path, 0); }
int rmdir(const char *path) { return remove_at(AT_FDCWD, path, AT_REMOVEDIR); }
int unlinkat(int folder, const char *path, int flags) { return remove_at(folder, path, flags); }

static int make_folder(int folder, const char *path, mode_t mode) {
    char name[PATH_MAX];
    full(folder, path, name);
    if (access(name, F_OK) != 0 && hit(name, TAKES_SPACE) < 0) return -1;
    int done = REAL(mkdirat)(folder, path, mode);
    if (done == 0 && is_inside(name)) record("mkdir", name, "", 0, "", 0);
    return done;
}

int mkdir(const char *path, mode_t mode) { return make_folder(AT_FDCWD, path, mode); }
int mkdirat(int folder, const char *path, mode_t mode) { return make_folder(folder, path, mode); }

int linkat(int from, const char *old, int to, const char *new, int flags) {
    char one[PATH_MAX], two[PATH_MAX];
    full(from, old, one);
    full(to, new, two);
    if (hit(two, TAKES_SPACE) < 0) return -1;
    int done = REAL(linkat)(from, old, to, new, flags);
    if (done == 0 && is_inside(two)) record("link", one, two, 0, "", 0);
    return done;
}

int link(const char *old, const char *new) { return linkat(AT_FDCWD, old, AT_FDCWD, new, 0); }
