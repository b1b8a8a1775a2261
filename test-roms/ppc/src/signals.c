// Signals that a program sends itself and that faults raise: actions, masks, stacks, frames, timers.
#include "tiny.h"
#define SA_SIGINFO 4
#define SA_ONSTACK 0x08000000
#define SA_RESTART 0x10000000
#define SA_NODEFER 0x40000000
#define SA_RESETHAND 0x80000000
enum { USR1 = 10, SEGV = 11, USR2 = 12, ALRM = 14, ILL = 4, TRAP = 5 };
struct action { void *handler; u32 flags; void *restorer; u32 mask[2]; };
struct info { int signo, errno_, code; u32 addr_or_pid, uid, value; u8 rest[104]; };
struct context { u32 flags, link, sp, ssflags, size, pad[7], *regs, mask[2]; };
static volatile int count, depth;
static u8 stack2[16384];

static void on(int signal, void *handler, u32 flags, u32 mask) {
  struct action a = {handler, flags, 0, {mask, 0}};
  sys(rt_sigaction, signal, &a, 0, 8);
}
static void plain(int signal) {
  count++;
  line("handler", signal);
}
static void nested(int signal) {
  line("enter", signal);
  if (++depth < 3) sys(kill, sys(getpid, 0), signal);
  line("leave", signal);
}
static void info(int signal, struct info *i, struct context *c) {
  line("signal", signal);
  line("signo", i->signo);
  line("code", i->code);
  line("from self", i->addr_or_pid == (u32)sys(getpid, 0));
  line("mask", c->mask[0]);
}
static void fault(int signal, struct info *i, struct context *c) {
  line("fault", signal);
  line("code", i->code);
  text("address ");
  hex(i->addr_or_pid);
  text("\n");
  c->regs[32] += 4;  // past the instruction that faulted
}
static void onstack(int signal) {
  u8 here;
  line("signal", signal);
  line("on the second stack", &here > stack2 && &here < stack2 + sizeof stack2);
}
static void deep(int signal, struct info *i, struct context *c) {
  u8 here;
  (void)i;
  line("overflow", signal);
  line("on the second stack", &here > stack2 && &here < stack2 + sizeof stack2);
  line("flags", c->ssflags);
  quit(0);
}
static int recurse(int n) {
  volatile u8 block[4096];
  block[n & 4095] = n;
  return recurse(n + 1) + block[0];
}

int start(long *stack) {
  (void)stack;
  long pid = sys(getpid, 0);
  text("-- one handler, no siginfo\n");
  on(USR1, plain, 0, 0);
  line("kill", sys(kill, pid, USR1));
  line("count", count);
  text("-- siginfo\n");
  on(USR2, info, SA_SIGINFO, 1 << (ALRM - 1));
  sys(tgkill, pid, pid, USR2);
  sys(kill, pid, USR2);
  text("-- blocked, pending, unblocked\n");
  u32 set[2] = {1 << (USR1 - 1), 0}, old[2], pending[2];
  sys(rt_sigprocmask, 0, set, old, 8);
  sys(kill, pid, USR1);
  sys(kill, pid, USR1);
  sys(rt_sigpending, pending, 8);
  line("pending", pending[0]);
  line("count", count);
  sys(rt_sigprocmask, 1, set, 0, 8);
  line("count", count);
  text("-- not deferred\n");
  on(USR1, nested, SA_NODEFER, 0);
  sys(kill, pid, USR1);
  text("-- deferred\n");
  depth = 0;
  on(USR1, nested, SA_RESTART, 0);
  sys(kill, pid, USR1);
  text("-- once\n");
  on(USR1, plain, SA_RESETHAND, 0);
  sys(kill, pid, USR1);
  struct action a;
  sys(rt_sigaction, USR1, 0, &a, 8);
  line("default again", a.handler == 0);
  text("-- ignored\n");
  on(USR1, (void *)1, 0, 0);
  line("kill", sys(kill, pid, USR1));
  text("-- suspended\n");
  on(USR1, plain, 0, 0);
  sys(rt_sigprocmask, 0, set, old, 8);
  sys(kill, pid, USR1);
  u32 none[2] = {0, 0};
  line("sigsuspend", sys(rt_sigsuspend, none, 8));
  sys(rt_sigprocmask, 2, old, set, 8);
  line("mask after", set[0]);
  text("-- waited for\n");
  set[0] = 1 << (USR1 - 1);
  sys(rt_sigprocmask, 0, set, 0, 8);
  sys(kill, pid, USR1);
  struct info got;
  int zero[2] = {0, 0};
  line("sigtimedwait", sys(rt_sigtimedwait, set, &got, zero, 8));
  line("code", got.code);
  line("sigtimedwait", sys(rt_sigtimedwait, set, &got, zero, 8));
  sys(rt_sigprocmask, 1, set, 0, 8);
  text("-- faults\n");
  on(SEGV, fault, SA_SIGINFO, 0);
  on(ILL, fault, SA_SIGINFO, 0);
  on(TRAP, fault, SA_SIGINFO, 0);
  *(volatile int *)0x14 = 1;
  int v = 5;
  __asm__ volatile("lwz %0,0(%1)" : "+r"(v) : "b"(0x1000));
  line("register kept", v);
  // The text is mapped, but not writable.
  *(volatile int *)((u32)&start & ~3) = 1;
  text("illegal instruction: ");
  __asm__ volatile(".long 0");
  text("trap instruction: ");
  __asm__ volatile("trap");
  text("-- the second stack\n");
  struct { void *sp; int flags; u32 size; } ss = {stack2, 0, sizeof stack2}, before;
  line("sigaltstack", sys(sigaltstack, &ss, 0));
  line("sigaltstack", sys(sigaltstack, 0, &before));
  line("size", before.size);
  on(USR1, onstack, SA_ONSTACK, 0);
  sys(kill, pid, USR1);
  text("-- a timer interrupts a sleep\n");
  on(ALRM, plain, 0, 0);
  int timer[4] = {0, 0, 0, 20000}, sleep[2] = {10, 0}, left[2] = {0, 0};
  line("setitimer", sys(setitimer, 0, timer, 0));
  line("nanosleep", sys(nanosleep, sleep, left));
  line("left", left[0]);
  text("-- a timer restarts a read\n");
  on(ALRM, plain, SA_RESTART, 0);
  int fds[2];
  sys(pipe, fds);
  struct { int fd; short events, revents; } wait = {fds[0], 1, 0};
  sys(setitimer, 0, timer, 0);
  line("poll", sys(poll, &wait, 1, 1000));
  text("-- a timer in a loop\n");
  count = 0;
  sys(setitimer, 0, timer, 0);
  while (!count) {
  }
  line("count", count);
  text("-- stack overflow\n");
  on(SEGV, deep, SA_SIGINFO | SA_ONSTACK, 0);
  return recurse(0);
}
