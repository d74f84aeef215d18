// Preloaded into a Postgres server: every fdatasync, which is how a commit reaches the disk, takes a millisecond longer.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>

int fdatasync(int fd) {
  static int (*flush)(int);
  if (!flush) flush = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  int result = flush(fd);
  struct timespec millisecond = { 0, 1000000 };
  nanosleep(&millisecond, 0);
  return result;
}
