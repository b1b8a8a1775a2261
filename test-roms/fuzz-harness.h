// What the guests' halves of scripts/fuzz.mjs have in common: they run instructions on given registers and say what became
// of them. In (standard input): the contents of two pages, then cases as `struct state`. Out: a `struct state` for each,
// the changed words of the first page behind it. harness.json describes the layout to the host's half.
//
// An architecture's harness.c defines, before this is included: REGISTERS, the rest of `struct state`; READ, WRITE, MMAP,
// MPROTECT, SIGACTION, SIGALTSTACK, EXIT, numbers of system calls; TRAP, a word that traps; FRESH(code), which makes new
// code seen; and behind it `take_state`, which fills `output` in a signal's handler and gives the pc. Its run-case.S has
// an entry that calls `start` on own_stack, `sys`, and
//   run_case   saves its own registers, loads those of `input`, goes to the code
//   resume     goes back to the caller of run_case
#include <stdint.h>
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef unsigned long word;

#ifndef CODE_BEFORE
#define CODE_BEFORE 0x10000  // bytes of traps before the page of the instructions, and from it on
#define CODE_FROM 0x10000
#endif
#define CODE 0x11010000
#define DATA 0x30000000  // a page to read and write, a page to read only, nothing around them
#define PAGE 4096
#define MAX_CODE 4

struct state {
  u32 head[5];  // in: bytes of code and in the last bit its mode, the code. Out: signal, its code, its address, where it happened, changes
  REGISTERS
} __attribute__((aligned(16)));
struct state input, output;
word saved_sp = 1;  // not 0: a data segment without a byte in the file is mapped differently here and there
u8 own_stack[1 << 15] __attribute__((aligned(16)));  // not the system's: a case that stores there is known by its address
static u32 pristine[PAGE / 4];
static u8 in[1 << 16], out[1 << 16], stack[1 << 15] __attribute__((aligned(16)));
static u32 in_at, in_end, out_at;

void run_case(void), resume(void);
long sys(long nr, ...);
static word take_state(const u8 *context);
static void quit(int status) { sys(EXIT, (long)status); }

static int take(void *to, u32 n) {
  for (u32 i = 0; i < n; i++) {
    if (in_at == in_end) {
      long got = sys(READ, 0L, in, (long)sizeof in);
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

static void handler(int signal, u32 *info, u8 *context) {
  const word pc = take_state(context);
  const int done = signal == 5 && pc == CODE + (input.head[0] & ~1u);
  output.head[0] = done ? 0 : signal;
  output.head[1] = done ? 0 : info[2];
  output.head[2] = done ? 0 : *(word *)((u8 *)info + (sizeof(word) == 8 ? 16 : 12));
  output.head[3] = done ? 0 : pc;
  resume();
}

static void run(void) {
  u16 *code = (u16 *)CODE;
  const u32 units = input.head[0] >> 1;
  if (units < 1 || units > 2 * MAX_CODE) quit(4);
  for (u32 i = 0; i < units; i++) code[i] = ((u16 *)&input.head[1])[i];
  const u32 trap = TRAP;
  code[units] = ((const u16 *)&trap)[0], code[units + 1] = ((const u16 *)&trap)[1];
  FRESH(code);
  run_case();
  static u32 changes[PAGE / 2];
  u32 *data = (u32 *)DATA, count = 0;
  for (u32 i = 0; i < PAGE / 4; i++)
    if (data[i] != pristine[i]) changes[count++] = 4 * i, changes[count++] = data[i], data[i] = pristine[i];
  output.head[4] = count / 2;
  give((const u32 *)&output, sizeof output / 4);
  give(changes, count);
}

int start(void) {
  // 3: read and write, 7: execute too; 0x32: private, anonymous, fixed.
  const long from = CODE - CODE_BEFORE, size = CODE_BEFORE + CODE_FROM;
  if (sys(MMAP, from, size, 7L, 0x32L, -1L, 0L) < 0 || sys(MMAP, DATA + 0L, 2L * PAGE, 3L, 0x32L, -1L, 0L) < 0) quit(2);
  for (u32 *p = (u32 *)from; p < (u32 *)(from + size); p++) *p = TRAP;
  if (CODE_BEFORE) sys(MPROTECT, from, 0L + CODE_BEFORE, 5L);
  sys(MPROTECT, CODE + (long)PAGE, 0L + CODE_FROM - PAGE, 5L);
  if (!take((void *)DATA, 2 * PAGE)) quit(2);
  for (u32 i = 0; i < PAGE / 4; i++) pristine[i] = ((u32 *)DATA)[i];
  sys(MPROTECT, DATA + (long)PAGE, (long)PAGE, 1L);
  struct { void *sp; u32 flags; word size; } alternate = {stack, 0, sizeof stack};
  sys(SIGALTSTACK, &alternate, 0L);
  struct { void *handler; word flags; void *restorer; u32 mask[2]; } action = {handler, 0x48000004, 0, {0, 0}};
  static const u8 signals[] = {4, 5, 7, 8, 11};  // SIGILL SIGTRAP SIGBUS SIGFPE SIGSEGV
  for (u32 i = 0; i < sizeof signals; i++) sys(SIGACTION, (long)signals[i], &action, 0L, 8L);
  while (take(&input, sizeof input)) run();
  flush();
  return 0;
}
