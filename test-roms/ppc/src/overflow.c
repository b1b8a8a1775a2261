// Recursion without end: the program dies of SIGSEGV when its stack is used up.
#include "tiny.h"
static int recurse(int n) {
  volatile u8 block[4096];
  block[n & 4095] = n;
  return recurse(n + 1) + block[0];
}
int start(long *stack) {
  (void)stack;
  text("before\n");
  return recurse(0);
}
