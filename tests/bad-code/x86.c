// Code that is broken: too long, cut off by the end of a page, illegal, with addresses that no program can have.
// Prints the signal of each. Runs natively and on Mimic: see tests/bad-code.test.ts.
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
static sigjmp_buf out;
static unsigned char *page;
static int sig, code; static unsigned long addr; static long pc;
static void on(int s, siginfo_t *i, void *p) {
  ucontext_t *u = p; sig = s; code = i->si_code; addr = s == SIGSEGV ? (unsigned long)i->si_addr : 0;
#ifdef __i386__
  pc = u->uc_mcontext.gregs[REG_EIP] - (long)page;
#else
  pc = u->uc_mcontext.gregs[REG_RIP] - (long)page;
#endif
  siglongjmp(out, 1);
}
static void run(const char *name, int at, const char *bytes, int n) {
  memset(page, 0xcc, 4096); memcpy(page + at, bytes, n);
  if (!sigsetjmp(out, 1)) ((void (*)(void))(page + at))();
  if (addr - (unsigned long)page < 8192) addr -= (unsigned long)page;
  printf("%s: signal %d code %d address %lx at %lx\n", name, sig, code, addr, pc - at >= 0 && pc - at < 16 ? pc - at : -1);
}
int main(void) {
  static char stack[65536]; stack_t ss = {.ss_sp = stack, .ss_size = sizeof stack}; sigaltstack(&ss, 0);
  struct sigaction a = {.sa_sigaction = on, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  int all[] = {SIGTRAP, SIGSEGV, SIGILL, SIGFPE, SIGBUS}; for (int i = 0; i < 5; i++) sigaction(all[i], &a, 0);
  page = mmap(0, 8192, 7, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); munmap(page + 4096, 4096);
  run("14 prefixes", 0, "\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x90", 15);
  run("15 prefixes", 0, "\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x90", 16);
  run("prefixes and a long instruction", 0, "\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\xb8\x34\x12", 15);
  run("one byte more", 0, "\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\xb8\x34\x12", 16);
  run("prefixes to the end of the page", 4090, "\x66\x66\x66\x66\x66\x66", 6);
  run("15 prefixes to the end of the page", 4096 - 15, "\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66", 15);
  run("an immediate beyond the page", 4094, "\xb8\x01", 2);
  run("an opcode beyond the page", 4095, "\x0f", 1);
  run("an operand byte beyond the page", 4095, "\x01", 1);
  run("ud2 at the end", 4094, "\x0f\x0b", 2);
  run("an illegal group at the end", 4094, "\xff\xff", 2);
  run("lock of a register", 0, "\xf0\x01\xc0", 3);
  run("lock of a move", 0, "\xf0\x89\x00", 3);
  run("illegal before a missing displacement", 4094, "\x0f\xff", 2);
#ifndef __i386__
  run("above the window", 0, "\x48\xb8\x00\x10\x00\x00\xff\x7f\x00\x00\x8b\x00", 12);
  run("above the program's half", 0, "\x48\xb8\x00\x10\x00\x00\xff\xff\xff\xff\x8b\x00", 12);
  run("not canonical", 0, "\x48\xb8\x00\x10\x00\x00\xff\xff\x00\x00\x8b\x00", 12);
  run("a jump above the window", 0, "\x48\xb8\x00\x10\x00\x00\xff\x7f\x00\x00\xff\xe0", 12);
#endif
}
