// Preloaded into a Postgres server. What the first byte of the file PARLEY_CHAOS_DISK says, its disk does:
// 'd' no more room for data files, 'w' no more room for the write-ahead log, 's' a flush fails; anything else: as it is.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static const volatile char *order = "0";

__attribute__((constructor)) static void begin(void) {
  const char *file = getenv("PARLEY_CHAOS_DISK");
  int fd = file ? open(file, O_RDONLY) : -1;
  if (fd < 0) return;
  void *shared = mmap(0, 1, PROT_READ, MAP_SHARED, fd, 0);
  if (shared != MAP_FAILED) order = shared;
  close(fd);
}

static int lies_in(int fd, const char *folder) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return strstr(path, folder) != 0;
}

// Room is needed where a file grows.
static int is_full(int fd, off_t end) {
  if (*order == 'w') return lies_in(fd, "/pg_wal/");
  if (*order != 'd' || !lies_in(fd, "/base/")) return 0;
  struct stat file;
  return fstat(fd, &file) == 0 && end > file.st_size;
}

static off_t length_of(const struct iovec *parts, int count) {
  off_t length = 0;
  for (int i = 0; i < count; i++) length += parts[i].iov_len;
  return length;
}

#define FULL(fd, end) if (*order != '0' && is_full(fd, end)) { errno = ENOSPC; return -1; }

ssize_t pwrite(int fd, const void *text, size_t length, off_t at) {
  static ssize_t (*next)(int, const void *, size_t, off_t);
  if (!next) next = dlsym(RTLD_NEXT, "pwrite");
  FULL(fd, at + (off_t)length)
  return next(fd, text, length, at);
}
ssize_t pwrite64(int fd, const void *text, size_t length, off_t at) { return pwrite(fd, text, length, at); }

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) {
  static ssize_t (*next)(int, const struct iovec *, int, off_t);
  if (!next) next = dlsym(RTLD_NEXT, "pwritev");
  FULL(fd, at + length_of(parts, count))
  return next(fd, parts, count, at);
}
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t at) { return pwritev(fd, parts, count, at); }

int posix_fallocate(int fd, off_t at, off_t length) {
  static int (*next)(int, off_t, off_t);
  if (!next) next = dlsym(RTLD_NEXT, "posix_fallocate");
  if (*order != '0' && is_full(fd, at + length)) return ENOSPC;
  return next(fd, at, length);
}
int posix_fallocate64(int fd, off_t at, off_t length) { return posix_fallocate(fd, at, length); }

int fdatasync(int fd) {
  static int (*next)(int);
  if (!next) next = dlsym(RTLD_NEXT, "fdatasync");
  if (*order == 's' && lies_in(fd, "/pg_wal/")) { errno = EIO; return -1; }
  return next(fd);
}
