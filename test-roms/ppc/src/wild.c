// A store to nowhere: the program dies of SIGSEGV.
#include "tiny.h"
int start(long *stack) {
  (void)stack;
  text("before\n");
  *(volatile int *)0xdeadbeef = 1;
  text("after\n");
  return 0;
}
