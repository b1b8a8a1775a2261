// A C runtime of one page: entry, system calls, printing. Enough for programs without a libc.
#ifndef TINY_H
#define TINY_H
#include <asm/unistd.h>

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

static inline long sys6(long n, long a, long b, long c, long d, long e, long f) {
  register long r0 __asm__("0") = n;
  register long r3 __asm__("3") = a;
  register long r4 __asm__("4") = b;
  register long r5 __asm__("5") = c;
  register long r6 __asm__("6") = d;
  register long r7 __asm__("7") = e;
  register long r8 __asm__("8") = f;
  // The kernel sets SO in CR0 for an error and gives a positive number: made negative here.
  __asm__ volatile("sc\n\tbns+ 1f\n\tneg 3,3\n1:"
                   : "+r"(r0), "+r"(r3), "+r"(r4), "+r"(r5), "+r"(r6), "+r"(r7), "+r"(r8)
                   :
                   : "memory", "cr0", "ctr", "9", "10", "11", "12");
  return r3;
}
#define sys(n, ...) SYS_PICK(__VA_ARGS__, 6, 5, 4, 3, 2, 1, 0)(n, __VA_ARGS__)
#define SYS_PICK(a, b, c, d, e, f, n, ...) SYS_##n
#define SYS_1(n, a) sys6(__NR_##n, (long)(a), 0, 0, 0, 0, 0)
#define SYS_2(n, a, b) sys6(__NR_##n, (long)(a), (long)(b), 0, 0, 0, 0)
#define SYS_3(n, a, b, c) sys6(__NR_##n, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define SYS_4(n, a, b, c, d) sys6(__NR_##n, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define SYS_5(n, a, b, c, d, e) sys6(__NR_##n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define SYS_6(n, a, b, c, d, e, f) sys6(__NR_##n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

static u32 length(const char *s) {
  u32 n = 0;
  while (s[n]) n++;
  return n;
}
static void text(const char *s) { sys(write, 1, s, length(s)); }
static void number(long v) {
  char b[12], *p = b + 12;
  unsigned long u = v < 0 ? -(unsigned long)v : (unsigned long)v;
  do *--p = '0' + u % 10;
  while (u /= 10);
  if (v < 0) *--p = '-';
  sys(write, 1, p, b + 12 - p);
}
static void hex(u32 v) {
  char b[8];
  for (int i = 0; i < 8; i++) b[i] = "0123456789abcdef"[v >> (28 - 4 * i) & 15];
  sys(write, 1, b, 8);
}
static void line(const char *name, long v) {
  text(name);
  text(": ");
  number(v);
  text("\n");
}
static int same(const char *a, const char *b) {
  while (*a && *a == *b) a++, b++;
  return *a == *b;
}
__attribute__((noreturn)) static void quit(int status) {
  for (;;) sys(exit_group, status);
}

int start(long *stack);
// gcc may turn loops into calls of these.
void *memcpy(void *to, const void *from, unsigned long n) {
  for (unsigned long i = 0; i < n; i++) ((volatile u8 *)to)[i] = ((const u8 *)from)[i];
  return to;
}
void *memset(void *to, int c, unsigned long n) {
  for (unsigned long i = 0; i < n; i++) ((volatile u8 *)to)[i] = c;
  return to;
}
__attribute__((used, noreturn)) static void begin(long *stack) { quit(start(stack)); }
__asm__(".globl _start\n_start:\n\tmr 3,1\n\tli 0,0\n\tstwu 0,-16(1)\n\tb begin\n");
#endif
