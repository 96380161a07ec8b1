/* Loaded before a program (LD_PRELOAD): lets its calls that change files under SLM_FAULT_UNDER fail, for faults_test.py.
 *
 * SLM_FAULT=CALL:N:ERRNO:COUNT   COUNT calls of that name from the Nth on fail with that errno; COUNT 0: all of them.
 * SLM_FAULT_LOG=FILE             how many there were of each, one "CALL NUMBER" a line, written at the end.
 */
#define _GNU_SOURCE
#undef _FILE_OFFSET_BITS
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum call { WRITE, FSYNC, RENAME, FTRUNCATE, LINK, CREATE, MKDIR, UNLINK, CALLS };
static const char *const names[CALLS] = {"write", "fsync", "rename", "ftruncate", "link", "create", "mkdir", "unlink"};
static int counts[CALLS];
static int fault_call = -1, fault_first, fault_errno, fault_count;
static char under[PATH_MAX], log_path[PATH_MAX];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void write_log(void) {
  if (!log_path[0]) return;
  FILE *file = fopen(log_path, "w");
  if (!file) return;
  for (int i = 0; i < CALLS; ++i) fprintf(file, "%s %d\n", names[i], counts[i]);
  fclose(file);
}

__attribute__((constructor)) static void start(void) {
  unsetenv("LD_PRELOAD"); /* children are not the program */
  const char *fault = getenv("SLM_FAULT");
  char name[16];
  if (fault && sscanf(fault, "%15[a-z]:%d:%d:%d", name, &fault_first, &fault_errno, &fault_count) == 4) {
    for (int i = 0; i < CALLS; ++i) {
      if (strcmp(name, names[i]) == 0) fault_call = i;
    }
  }
  const char *value = getenv("SLM_FAULT_UNDER");
  if (value) snprintf(under, sizeof under, "%s", value);
  value = getenv("SLM_FAULT_LOG");
  if (value) snprintf(log_path, sizeof log_path, "%s", value);
  atexit(write_log);
}

/* Whether this call is one that fails. */
static int fails(enum call call) {
  pthread_mutex_lock(&mutex);
  const int n = ++counts[call];
  pthread_mutex_unlock(&mutex);
  if ((int)call != fault_call || n < fault_first || (fault_count > 0 && n >= fault_first + fault_count)) return 0;
  errno = fault_errno;
  return 1;
}

static int is_under(const char *path) { return path && under[0] && strncmp(path, under, strlen(under)) == 0; }
static int is_file_under(int descriptor) {
  char link_path[64], target[PATH_MAX];
  snprintf(link_path, sizeof link_path, "/proc/self/fd/%d", descriptor);
  const ssize_t length = readlink(link_path, target, sizeof target - 1);
  if (length < 0) return 0;
  target[length] = 0;
  return is_under(target);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int d, const void *b, size_t n) { return is_file_under(d) && fails(WRITE) ? -1 : REAL(write)(d, b, n); }
ssize_t pwrite(int d, const void *b, size_t n, off_t at) { return is_file_under(d) && fails(WRITE) ? -1 : REAL(pwrite)(d, b, n, at); }
ssize_t pwrite64(int d, const void *b, size_t n, off64_t at) { return is_file_under(d) && fails(WRITE) ? -1 : REAL(pwrite64)(d, b, n, at); }
int fsync(int d) { return is_file_under(d) && fails(FSYNC) ? -1 : REAL(fsync)(d); }
int fdatasync(int d) { return is_file_under(d) && fails(FSYNC) ? -1 : REAL(fdatasync)(d); }
int rename(const char *a, const char *b) { return is_under(b) && fails(RENAME) ? -1 : REAL(rename)(a, b); }
int ftruncate(int d, off_t n) { return is_file_under(d) && fails(FTRUNCATE) ? -1 : REAL(ftruncate)(d, n); }
int ftruncate64(int d, off64_t n) { return is_file_under(d) && fails(FTRUNCATE) ? -1 : REAL(ftruncate64)(d, n); }
int link(const char *a, const char *b) { return is_under(b) && fails(LINK) ? -1 : REAL(link)(a, b); }
int mkdir(const char *path, mode_t mode) { return is_under(path) && fails(MKDIR) ? -1 : REAL(mkdir)(path, mode); }
int unlink(const char *path) { return is_under(path) && fails(UNLINK) ? -1 : REAL(unlink)(path); }

#define OPEN(name)                                                              \
  int name(const char *path, int flags, ...) {                                  \
    mode_t mode = 0;                                                            \
    if (flags & O_CREAT) {                                                      \
      va_list rest;                                                             \
      va_start(rest, flags);                                                    \
      mode = va_arg(rest, mode_t);                                              \
      va_end(rest);                                                             \
      if (is_under(path) && fails(CREATE)) return -1;                           \
    }                                                                           \
    return REAL(name)(path, flags, mode);                                       \
  }
OPEN(open)
OPEN(open64)
