// Code that is written, run, changed and run again: on its own page, and beside data.
#include "tiny.h"
static void flush(void *at, u32 n) {
  for (u32 i = 0; i < n; i += 32) __asm__ volatile("dcbst 0,%0" ::"r"((u8 *)at + i) : "memory");
  __asm__ volatile("sync");
  for (u32 i = 0; i < n; i += 32) __asm__ volatile("icbi 0,%0" ::"r"((u8 *)at + i) : "memory");
  __asm__ volatile("sync\n\tisync" ::: "memory");
}
int start(long *stack) {
  (void)stack;
  u32 *code = (u32 *)sys(mmap, 0, 0x2000, 7, 0x22, -1, 0);
  long sum = 0;
  for (int i = 0; i < 100; i++) {
    code[0] = 0x38600000 | i;      // li r3,i
    code[1] = 0x4e800020;          // blr
    flush(code, 8);
    sum += ((int (*)(void))code)();
  }
  line("sum", sum);
  // A function across two pages, its second half changed.
  u32 *across = code + 0x3ff;
  across[0] = 0x38600001;          // li r3,1
  across[1] = 0x38630002;          // addi r3,r3,2
  across[2] = 0x4e800020;
  flush(across, 12);
  line("across", ((int (*)(void))across)());
  across[1] = 0x38630064;          // addi r3,r3,100
  flush(across + 1, 4);
  line("across", ((int (*)(void))across)());
  // A loop that changes an instruction ahead of itself.
  code[0] = 0x38600000;            // li r3,0
  code[1] = 0x39200003;            // li r9,3
  code[2] = 0x7d2903a6;            // mtctr r9
  code[3] = 0x38630001;            // addi r3,r3,1
  code[4] = 0x3884000a;            // addi r4,r4,10: an immediate that grows
  code[5] = 0x90850000;            // stw r4,0(r5)
  code[6] = 0x7c00286c;            // dcbst 0,r5
  code[7] = 0x7c0004ac;            // sync
  code[8] = 0x7c002fac;            // icbi 0,r5
  code[9] = 0x4c00012c;            // isync
  code[10] = 0x4200ffe4;           // bdnz code[3]
  code[11] = 0x4e800020;
  flush(code, 48);
  line("loop", ((int (*)(int, u32, u32 *))code)(0, 0x38630001, code + 3));
  // The kernel writes code too.
  int fds[2];
  code[0] = 0x38600005;
  code[1] = 0x4e800020;
  flush(code, 8);
  line("before", ((int (*)(void))code)());
  u32 next = 0x38600063;
  sys(pipe, fds);
  sys(write, fds[1], &next, 4);
  sys(read, fds[0], code, 4);
  flush(code, 8);
  line("after a read", ((int (*)(void))code)());
  sys(munmap, code, 0x2000);
  return 0;
}
