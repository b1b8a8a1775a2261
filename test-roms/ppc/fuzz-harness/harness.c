// Runs instructions on given registers and says what became of them: the guest's half of scripts/fuzz.mjs.
// In (standard input): the contents of two pages, then cases as `struct state`. Out: a `struct state` for each, the
// changed words of the first page behind it. harness.json describes the layout to the host's half.
#include "../src/tiny.h"

#define CODE 0x11010000  // the instructions, amid 64 KiB of traps on either side
#define DATA 0x30000000  // a page to read and write, a page to read only, nothing around them
#define PAGE 4096
#define MAX_CODE 4

struct state {
  u32 head[5];  // in: number of words, the words. Out: signal, its code, its address, where it happened, changes
  u32 gpr[32], cr, xer, lr, ctr, fpscr, spare[2];
  u64 fpr[32];
  u32 vscr[4], vr[128];
} __attribute__((aligned(16)));
struct state input, output;
u32 saved_sp = 1, reserved;  // not 0: a data segment without a byte in the file is mapped differently here and there
static u32 pristine[PAGE / 4];
static u8 in[1 << 16], out[1 << 16], stack[1 << 15];
static u32 in_at, in_end, out_at;

void run_case(void), save_case(void), resume(void);

static int take(void *to, u32 n) {
  for (u32 i = 0; i < n; i++) {
    if (in_at == in_end) {
      long got = sys(read, 0, in, sizeof in);
      if (got <= 0) return 0;
      in_at = 0, in_end = got;
    }
    ((u8 *)to)[i] = in[in_at++];
  }
  return 1;
}
static void flush(void) {
  for (u32 at = 0; at < out_at;) {
    long n = sys(write, 1, out + at, out_at - at);
    if (n <= 0) quit(3);
    at += n;
  }
  out_at = 0;
}
static void give(const u32 *from, u32 words) {
  if (out_at + 4 * words > sizeof out) flush();
  u32 *to = (u32 *)(out + out_at);
  for (u32 i = 0; i < words; i++) to[i] = from[i];
  out_at += 4 * words;
}

static void handler(int signal, u32 *info, u32 *context) {
  const u32 *regs = (const u32 *)context[12];
  output.head[0] = signal, output.head[1] = info[2], output.head[2] = info[3], output.head[3] = regs[32];
  for (int i = 0; i < 32; i++) output.gpr[i] = regs[i];
  output.ctr = regs[35], output.lr = regs[36], output.xer = regs[37], output.cr = regs[38];
  const u32 *fp = regs + 48;
  for (int i = 0; i < 64; i++) ((u32 *)output.fpr)[i] = fp[i];
  output.fpscr = fp[65];
  for (int i = 0; i < 128; i++) output.vr[i] = fp[68 + i];
  // Not every emulator stores VSCR; the handler still has it.
  __asm__ volatile(".machine push; .machine altivec; mfvscr 0; stvx 0,0,%0; .machine pop" : : "r"(output.vscr) : "memory");
  resume();
}

static void run(void) {
  u32 *code = (u32 *)CODE, n = input.head[0];
  if (n < 1 || n > MAX_CODE) quit(4);
  for (u32 i = 0; i < n; i++) code[i] = input.head[1 + i];
  code[n] = 0x7c2043a6;  // mtspr VRSAVE, r1: the one register that the rest can do without
  code[n + 1] = 0x48000000 | (((u32)save_case - (u32)&code[n + 1]) & 0x03fffffc);
  __asm__ volatile("dcbst 0,%0\n\tsync\n\ticbi 0,%0\n\tsync\n\tisync" : : "r"(code) : "memory");
  run_case();
  static u32 changes[PAGE / 2];
  u32 *data = (u32 *)DATA, count = 0;
  for (u32 i = 0; i < PAGE / 4; i++)
    if (data[i] != pristine[i]) changes[count++] = 4 * i, changes[count++] = data[i], data[i] = pristine[i];
  output.head[4] = count / 2;
  give((const u32 *)&output, sizeof output / 4);
  give(changes, count);
}

// On a stack of its own: a case that stores there is known by its address.
u8 own_stack[1 << 15] __attribute__((aligned(16)));
int start_here(void) {
  // 3: read and write, 7: execute too; 0x32: private, anonymous, fixed.
  if (sys(mmap2, CODE - 0x10000, 0x20000, 7, 0x32, -1, 0) < 0 || sys(mmap2, DATA, 2 * PAGE, 3, 0x32, -1, 0) < 0) quit(2);
  for (u32 *p = (u32 *)(CODE - 0x10000); p < (u32 *)(CODE + 0x10000); p++) *p = 0x7fe00008;  // trap
  sys(mprotect, CODE - 0x10000, 0x10000, 5), sys(mprotect, CODE + PAGE, 0x10000 - PAGE, 5);
  if (!take((void *)DATA, 2 * PAGE)) quit(2);
  for (u32 i = 0; i < PAGE / 4; i++) pristine[i] = ((u32 *)DATA)[i];
  sys(mprotect, DATA + PAGE, PAGE, 1);
  struct { void *sp; u32 flags, size; } alternate = {stack, 0, sizeof stack};
  sys(sigaltstack, &alternate, 0);
  struct { void *handler; u32 flags; void *restorer; u32 mask[2]; } action = {handler, 0x48000004, 0, {0, 0}};
  static const u8 signals[] = {4, 5, 7, 8, 11};  // SIGILL SIGTRAP SIGBUS SIGFPE SIGSEGV
  for (u32 i = 0; i < sizeof signals; i++) sys(rt_sigaction, signals[i], &action, 0, 8);
  while (take(&input, sizeof input)) run();
  flush();
  return 0;
}
