// PowerPC, 32-bit: see ../../fuzz-harness.h.
enum { EXIT = 1, READ = 3, WRITE = 4, MPROTECT = 125, SIGACTION = 173, SIGALTSTACK = 185, MMAP = 192 };
#define REGISTERS                                          \
  u32 gpr[32], cr, xer, lr, ctr, fpscr, spare[2];          \
  u64 fpr[32];                                             \
  u32 vscr[4], vr[128];
#define TRAP 0x7fe00008  // trap
#define FRESH(code) __asm__ volatile("dcbst 0,%0\n\tsync\n\ticbi 0,%0\n\tsync\n\tisync" : : "r"(code) : "memory")
unsigned reserved;
#include "../../fuzz-harness.h"

// The ucontext's 12th word is the address of 48 general registers, 33 floating-point ones, the vector registers.
static word take_state(const u8 *context) {
  const u32 *regs = (const u32 *)((const u32 *)context)[12], *fp = regs + 48;
  for (int i = 0; i < 32; i++) output.gpr[i] = regs[i];
  output.ctr = regs[35], output.lr = regs[36], output.xer = regs[37], output.cr = regs[38];
  for (int i = 0; i < 64; i++) ((u32 *)output.fpr)[i] = fp[i];
  output.fpscr = fp[65];
  for (int i = 0; i < 128; i++) output.vr[i] = fp[68 + i];
  // Not every emulator stores VSCR; the handler still has it.
  __asm__ volatile(".machine push; .machine altivec; mfvscr 0; stvx 0,0,%0; .machine pop" : : "r"(output.vscr) : "memory");
  return regs[32];
}
