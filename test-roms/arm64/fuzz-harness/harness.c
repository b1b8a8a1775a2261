// AArch64: see ../../fuzz-harness.h.
enum { READ = 63, WRITE = 64, SIGALTSTACK = 132, SIGACTION = 134, MMAP = 222, MPROTECT = 226, EXIT = 94 };
#define REGISTERS        \
  u32 nzcv, fpcr, fpsr;  \
  u64 x[31], sp, v[64];
#define TRAP 0xd4200000  // brk #0
#define FRESH(code) __asm__ volatile("dc cvau, %0\n\tdsb ish\n\tic ivau, %0\n\tdsb ish\n\tisb" : : "r"(code) : "memory")
#include "../../fuzz-harness.h"

// The machine context lies 176 bytes into the ucontext: fault address, x0 to x30, sp, pc, pstate; at 288 the record of the
// floating-point registers: magic, size, fpsr, fpcr, v0 to v31.
static word take_state(const u8 *context) {
  const u64 *regs = (const u64 *)(context + 176);
  const u32 *fp = (const u32 *)(context + 176 + 288);
  for (int i = 0; i < 31; i++) output.x[i] = regs[1 + i];
  output.sp = regs[32], output.nzcv = regs[34] & 0xf0000000;
  output.fpsr = fp[2], output.fpcr = fp[3];
  for (int i = 0; i < 64; i++) output.v[i] = ((const u64 *)(fp + 4))[i];
  return regs[33];
}
