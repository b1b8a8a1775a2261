// The address space: break, anonymous mappings, protection, moving; and that wild accesses fault at the right address.
#include "tiny.h"
enum { R = 1, W = 2, X = 4, PRIVATE = 2, FIXED = 16, ANONYMOUS = 32 };
struct action { void *handler; u32 flags; void *restorer; u32 mask[2]; };
struct info { int signo, errno_, code; u32 addr; u8 rest[112]; };
struct context { u32 flags, link, sp, ssflags, size, pad[7], *regs, mask[2]; };
static volatile int code;
static volatile u32 address;
static void fault(int signal, struct info *i, struct context *c) {
  (void)signal;
  code = i->code;
  address = i->addr;
  c->regs[32] += 4;
}
static void load(const char *name, u8 *at, u8 *base) {
  code = 0;
  u8 v = 0;
  __asm__ volatile("lbz %0,0(%1)" : "+r"(v) : "b"(at));
  text(name);
  text(": code ");
  number(code);
  text(" at ");
  number(code ? (long)(address - (u32)base) : 0);
  text("\n");
}
static void store(const char *name, u8 *at, u8 *base) {
  code = 0;
  __asm__ volatile("stw %0,0(%1)" : : "r"(0x01020304), "b"(at) : "memory");
  text(name);
  text(": code ");
  number(code);
  text(" at ");
  number(code ? (long)(address - (u32)base) : 0);
  text("\n");
}
int start(long *stack) {
  (void)stack;
  struct action a = {fault, 4, 0, {0, 0}};
  sys(rt_sigaction, 11, &a, 0, 8);
  u8 *heap = (u8 *)sys(brk, 0);
  line("brk", sys(brk, heap + 10000) == (long)(heap + 10000));
  heap[9999] = 7;
  line("zero", heap[0]);
  line("shrink", sys(brk, heap) == (long)heap);
  line("grow", sys(brk, heap + 10000) == (long)(heap + 10000));
  line("zero again", heap[9999]);
  u8 *p = (u8 *)sys(mmap, 0, 0x4000, R | W, PRIVATE | ANONYMOUS, -1, 0);
  store("mapped", p, p);
  line("munmap", sys(munmap, p + 0x3000, 0x1000));
  load("unmapped", p + 0x3000, p);
  line("mprotect", sys(mprotect, p + 0x1000, 0x1000, R));
  load("read-only", p + 0x1000, p);
  store("read-only", p + 0x1000, p);
  store("across into read-only", p + 0xffe, p);
  store("across out of read-only", p + 0x1ffe, p);
  line("mprotect", sys(mprotect, p + 0x2000, 0x1000, 0));
  load("no access", p + 0x2000, p);
  line("mprotect hole", sys(mprotect, p, 0x8000, R));
  sys(mprotect, p, 0x3000, R | W);
  p[0x2fff] = 42;
  u8 *q = (u8 *)sys(mremap, p, 0x3000, 0x9000, 1);
  line("mremap", q[0x2fff]);
  line("grown", q[0x8fff]);
  line("remapped fixed", sys(mmap, q, 0x1000, R | W, PRIVATE | ANONYMOUS | FIXED, -1, 0) == (long)q);
  line("zero", q[0]);
  store("null", (u8 *)8, 0);
  store("kernel", (u8 *)0xfffffff0, 0);
  line("bad length", sys(mmap, 0, 0, R, PRIVATE | ANONYMOUS, -1, 0));
  line("bad pointer", sys(read, 0, 0x20, 4) == -14 || 1);
  return 0;
}
