// ARM, A32 and T32: see ../../fuzz-harness.h. The last bit of a case's first word says which of the two.
enum { EXIT = 1, READ = 3, WRITE = 4, MPROTECT = 125, SIGACTION = 174, SIGALTSTACK = 186, MMAP = 192 };
#define REGISTERS                    \
  u32 r[15], apsr, itstate, fpscr;   \
  u64 d[32];
// bkpt in both: behind the instructions, where it depends on the mode, and everywhere else, where A32 code takes it for a
// conditional instruction of a coprocessor that is not there. So that it never gets to the case, none is before it.
#define TRAP (input.head[0] & 1 ? 0xbe00be00 : 0xe1200070)
#define CODE_BEFORE 0
#define CODE_FROM 0x2000
#define FRESH(code)                                                      \
  do {                                                                   \
    register u32 from __asm__("r0") = (u32)(code), to __asm__("r1") = from + 32, flags __asm__("r2") = 0, nr __asm__("r7") = 0xf0002; \
    __asm__ volatile("svc 0" : "+r"(from) : "r"(to), "r"(flags), "r"(nr) : "memory"); /* cacheflush */ \
  } while (0)
#include "../../fuzz-harness.h"

// The machine context lies 20 bytes into the ucontext: three words, r0 to pc, cpsr; at 232 the record of the
// floating-point registers: magic, size, d0 to d31, fpscr.
static word take_state(const u8 *context) {
  const u32 *regs = (const u32 *)(context + 32), cpsr = regs[16];
  const u64 *d = (const u64 *)(context + 240);
  for (int i = 0; i < 15; i++) output.r[i] = regs[i];
  output.apsr = cpsr & 0xf80f0000, output.itstate = (cpsr >> 25 & 3) | (cpsr >> 8 & 0xfc);
  for (int i = 0; i < 32; i++) output.d[i] = d[i];
  output.fpscr = *(const u32 *)(d + 32);
  return regs[15];
}
