// PowerPC 64, little-endian: see ../../fuzz-harness.h.
enum { READ = 3, WRITE = 4, MMAP = 90, MPROTECT = 125, SIGACTION = 173, SIGALTSTACK = 185, EXIT = 234 };
#define REGISTERS                    \
  u32 cr, xer, fpscr, vscr, spare;   \
  u64 lr, ctr, gpr[32], fpr[32], low[32], vr[64];
#define TRAP 0x7fe00008  // trap
#define FRESH(code) __asm__ volatile("dcbst 0,%0\n\tsync\n\ticbi 0,%0\n\tsync\n\tisync" : : "r"(code) : "memory")
#include "../../fuzz-harness.h"

// In the ucontext, from 232: 48 general registers, 33 floating-point ones, the address of the vector registers: 32, VSCR,
// VRSAVE, then the right halves of the floating-point registers.
static word take_state(const u8 *context) {
  const u64 *regs = (const u64 *)(context + 232), *fp = regs + 48;
  const u64 *v = (const u64 *)fp[33];
  for (int i = 0; i < 32; i++) output.gpr[i] = regs[i], output.fpr[i] = fp[i], output.low[i] = v[68 + i];
  for (int i = 0; i < 64; i++) output.vr[i] = v[i];
  output.ctr = regs[35], output.lr = regs[36], output.xer = regs[37], output.cr = regs[38], output.fpscr = fp[32];
  // Not every emulator stores VSCR; the handler still has it.
  __asm__ volatile(".machine push; .machine power8; mfvscr 0; stxsiwx 32,0,%0; xxspltw 32,32,3; stxsiwx 32,0,%0; .machine pop"
                   : : "b"(&output.vscr) : "memory");
  return regs[32];
}
