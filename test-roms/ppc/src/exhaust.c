// Asks for memory until there is none, gives some back, and asks again.
#include "tiny.h"
#define BLOCK 0x4000000  // 64 MiB

int start(long *stack) {
  (void)stack;
  long last = 0, blocks = 0, at;
  while ((at = sys(mmap2, 0, BLOCK, 3, 0x22, -1, 0)) < -4095 || at > 0) {
    *(volatile u32 *)at = 1;
    last = at, blocks++;
    if (blocks > 64) break;
  }
  line("many", blocks > 16);
  line("fewer than the addresses", blocks < 64);
  line("refused", at);
  line("back", sys(munmap, last, BLOCK));
  line("again", sys(mmap2, last, BLOCK, 3, 0x32, -1, 0) == last);
  line("zero", *(volatile u32 *)last);
  long top = sys(brk, 0);
  line("brk", sys(brk, top + 0x70000000) == top);
  line("negative length", sys(mmap2, 0, -4096, 3, 0x22, -1, 0));
  return 0;
}
