// Runs instructions on given registers and says what became of them: the guest's half of scripts/fuzz.mjs.
// In (standard input): the contents of two pages, then cases as `struct state`. Out: a `struct state` for each, the
// changed words of the first page behind it. harness.json describes the layout to the host's half.
#include <stdint.h>
typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;

#define CODE 0x11010000  // the instructions, amid 64 KiB of traps on either side
#define DATA 0x30000000  // a page to read and write, a page to read only, nothing around them
#define PAGE 4096
#define MAX_CODE 4
enum { READ = 3, WRITE = 4, MMAP = 90, MPROTECT = 125, SIGACTION = 173, SIGALTSTACK = 185, EXIT = 234 };

struct state {
  u32 head[5];  // in: number of words, the words. Out: signal, its code, its address, where it happened, changes
  u32 cr, xer, fpscr, vscr, spare;
  u64 lr, ctr, gpr[32], fpr[32], low[32], vr[64];
};
struct state input, output;
u64 saved_sp = 1;
static u32 pristine[PAGE / 4];
static u8 in[1 << 16], out[1 << 16], stack[1 << 15] __attribute__((aligned(16)));
static u32 in_at, in_end, out_at;

void run_case(void), resume(void);
long sys(long nr, ...);
static void quit(int status) { sys(EXIT, (long)status); }

static int take(void *to, u32 n) {
  for (u32 i = 0; i < n; i++) {
    if (in_at == in_end) {
      long got = sys(READ, 0L, in, sizeof in);
      if (got <= 0) return 0;
      in_at = 0, in_end = got;
    }
    ((u8 *)to)[i] = in[in_at++];
  }
  return 1;
}
static void flush(void) {
  for (u32 at = 0; at < out_at;) {
    long n = sys(WRITE, 1L, out + at, (long)(out_at - at));
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

// In the ucontext, from 232: 48 general registers, 33 floating-point ones, the address of the vector registers: 32, VSCR,
// VRSAVE, then the right halves of the floating-point registers.
static void handler(int signal, u32 *info, u8 *context) {
  const u64 *regs = (const u64 *)(context + 232), *fp = regs + 48;
  const u64 *v = (const u64 *)fp[33], pc = regs[32];
  const int done = signal == 5 && pc == CODE + 4 * input.head[0];
  output.head[0] = done ? 0 : signal;
  output.head[1] = done ? 0 : info[2];
  output.head[2] = done ? 0 : *(u64 *)(info + 4);
  output.head[3] = done ? 0 : pc;
  for (int i = 0; i < 32; i++) output.gpr[i] = regs[i], output.fpr[i] = fp[i], output.low[i] = v[68 + i];
  for (int i = 0; i < 64; i++) output.vr[i] = v[i];
  output.ctr = regs[35], output.lr = regs[36], output.xer = regs[37], output.cr = regs[38], output.fpscr = fp[32];
  // Not every emulator stores VSCR; the handler still has it.
  __asm__ volatile(".machine push; .machine power8; mfvscr 0; stxsiwx 32,0,%0; xxspltw 32,32,3; stxsiwx 32,0,%0; .machine pop"
                   : : "b"(&output.vscr) : "memory");
  resume();
}

static void run(void) {
  u32 *code = (u32 *)CODE, n = input.head[0];
  if (n < 1 || n > MAX_CODE) quit(4);
  for (u32 i = 0; i < n; i++) code[i] = input.head[1 + i];
  code[n] = 0x7fe00008;  // trap
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
int start(void) {
  // 3: read and write, 7: execute too; 0x32: private, anonymous, fixed.
  if (sys(MMAP, CODE - 0x10000L, 0x20000L, 7L, 0x32L, -1L, 0L) < 0 || sys(MMAP, DATA + 0L, 2L * PAGE, 3L, 0x32L, -1L, 0L) < 0) quit(2);
  for (u32 *p = (u32 *)(CODE - 0x10000); p < (u32 *)(CODE + 0x10000); p++) *p = 0x7fe00008;  // trap
  sys(MPROTECT, CODE - 0x10000L, 0x10000L, 5L), sys(MPROTECT, CODE + (long)PAGE, 0x10000L - PAGE, 5L);
  if (!take((void *)DATA, 2 * PAGE)) quit(2);
  for (u32 i = 0; i < PAGE / 4; i++) pristine[i] = ((u32 *)DATA)[i];
  sys(MPROTECT, DATA + (long)PAGE, (long)PAGE, 1L);
  struct { void *sp; u32 flags, pad; u64 size; } alternate = {stack, 0, 0, sizeof stack};
  sys(SIGALTSTACK, &alternate, 0L);
  struct { void *handler; u64 flags; void *restorer; u64 mask; } action = {handler, 0x48000004, 0, 0};
  static const u8 signals[] = {4, 5, 7, 8, 11};  // SIGILL SIGTRAP SIGBUS SIGFPE SIGSEGV
  for (u32 i = 0; i < sizeof signals; i++) sys(SIGACTION, (long)signals[i], &action, 0L, 8L);
  while (take(&input, sizeof input)) run();
  flush();
  return 0;
}
