// Files and directories, under the working directory, which must be writable.
#include "tiny.h"
#define O_CREAT 0100
#define O_EXCL 0200
#define O_TRUNC 01000
#define O_APPEND 02000
#define O_DIRECTORY 040000
struct stat64 { u64 dev, ino; u32 mode, nlink, uid, gid; u64 rdev; unsigned short pad; long long size; int blksize; long long blocks; int times[8]; };
struct entry { u64 ino; long long off; unsigned short reclen; u8 type; char name[]; };
static char buf[4096];
int start(long *stack) {
  (void)stack;
  struct stat64 st;
  u64 at = 0;
  line("mkdir", sys(mkdir, "rom-files", 0755));
  line("mkdir again", sys(mkdir, "rom-files", 0755));
  line("chdir", sys(chdir, "rom-files"));
  int fd = sys(open, "a", O_CREAT | O_EXCL | 2, 0640);
  line("open", fd);
  line("open exclusive", sys(open, "a", O_CREAT | O_EXCL | 2, 0640));
  line("write", sys(write, fd, "0123456789abcdef", 16));
  line("_llseek", sys(_llseek, fd, 0, 4, &at, 0));
  line("position", at);
  line("read", sys(read, fd, buf, 5));
  buf[5] = 0;
  text(buf), text("\n");
  // pread64's offset stands in an even pair of registers: fd, buf, count, -, high, low.
  line("pread64", sys(pread64, fd, buf, 100, 0, 0, 10));
  line("pwrite64", sys(pwrite64, fd, "XY", 2, 0, 0, 20));
  line("fstat64", sys(fstat64, fd, &st));
  line("size", st.size);
  line("mode", st.mode & 0777);
  line("regular", (st.mode & 0170000) == 0100000);
  line("ftruncate64", sys(ftruncate64, fd, 0, 0, 6));
  line("fstat64", sys(fstat64, fd, &st));
  line("size", st.size);
  struct { const char *base; u32 len; } iov[2] = {{"one ", 4}, {"two", 3}};
  line("lseek", sys(lseek, fd, 0, 2));
  line("writev", sys(writev, fd, iov, 2));
  char *map = (char *)sys(mmap, 0, 4096, 3, 1, fd, 0);
  line("mmap", map[6] == 'o');
  map[0] = 'Z';
  line("munmap", sys(munmap, map, 4096));
  line("pread64", sys(pread64, fd, buf, 100, 0, 0, 0));
  buf[13] = 0;
  text(buf), text("\n");
  line("close", sys(close, fd));
  line("close again", sys(close, fd));
  line("append", fd = sys(open, "a", O_APPEND | 1, 0));
  line("write", sys(write, fd, "!", 1));
  line("read", sys(read, fd, buf, 1));
  sys(close, fd);
  line("link", sys(link, "a", "b"));
  line("symlink", sys(symlink, "a", "c"));
  line("readlink", sys(readlink, "c", buf, 100));
  line("rename", sys(rename, "b", "d"));
  line("stat64", sys(stat64, "c", &st));
  line("size", st.size);
  line("nlink", st.nlink);
  line("lstat64", sys(lstat64, "c", &st));
  line("link", (st.mode & 0170000) == 0120000);
  line("access", sys(access, "a", 4));
  line("access none", sys(access, "none", 0));
  line("chmod", sys(chmod, "a", 0400));
  sys(stat64, "a", &st);
  line("mode", st.mode & 0777);
  fd = sys(open, ".", O_DIRECTORY, 0);
  int names = 0, dots = 0;
  for (long n; (n = sys(getdents64, fd, buf, sizeof buf)) > 0;)
    for (char *p = buf; p < buf + n; p += ((struct entry *)p)->reclen) {
      names++;
      dots += ((struct entry *)p)->name[0] == '.';
    }
  line("names", names);
  line("dots", dots);
  line("read a directory", sys(read, fd, buf, 10));
  line("unlinkat", sys(unlinkat, fd, "a", 0));
  sys(close, fd);
  line("unlink", sys(unlink, "c"));
  line("unlink", sys(unlink, "d"));
  line("unlink none", sys(unlink, "d"));
  line("getcwd", sys(getcwd, buf, sizeof buf) > 1);
  line("chdir", sys(chdir, ".."));
  line("rmdir", sys(rmdir, "rom-files"));
  line("open none", sys(open, "rom-files/a", 0, 0));
  line("bad pointer", sys(open, 1, 0, 0));
  line("write bad pointer", sys(write, 1, 8, 4));
  line("dup2", sys(dup2, 1, 9));
  line("write dup", sys(write, 9, "dup\n", 4));
  int pipefd[2];
  line("pipe", sys(pipe, pipefd));
  line("write", sys(write, pipefd[1], "hello", 5));
  line("read", sys(read, pipefd[0], buf, 100));
  struct { int fd; short events, revents; } poll = {pipefd[0], 1, 0};
  line("poll", sys(poll, &poll, 1, 0));
  sys(write, pipefd[1], "x", 1);
  line("poll", sys(poll, &poll, 1, -1));
  line("revents", poll.revents);
  sys(close, pipefd[1]);
  sys(read, pipefd[0], buf, 1);
  line("read end", sys(read, pipefd[0], buf, 1));
  return 0;
}
