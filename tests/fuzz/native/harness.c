// Runs cases on the processor that it stands on: reads states, lets the code of each run amid int3 instructions, and
// writes what became of registers and memory, or the signal. Signal frames load and save all registers: no assembly.
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#define CODE 0x11010000ul
#define DATA 0x30000000ul
#define DATA_SIZE 8192
#define WINDOW 512

struct state {
  uint64_t gpr[16];   // rax rcx rdx rbx rsp rbp rsi rdi r8..r15
  uint64_t rip, rflags;
  uint64_t signal, address;
  uint32_t mxcsr, fcw, fsw, ftw;
  uint8_t st[8][16];
  uint8_t xmm[16][16];
  uint8_t code[16];
  uint8_t memory[WINDOW];
};

#ifdef __i386__
#define REGISTERS 8
#define PC REG_EIP
#define FX(fp) ((uint8_t *)(fp) + 112)        // what FXSAVE stores, behind what FNSAVE does
static const int order[] = {REG_EAX, REG_ECX, REG_EDX, REG_EBX, REG_ESP, REG_EBP, REG_ESI, REG_EDI};
#else
#define REGISTERS 16
#define PC REG_RIP
#define FX(fp) ((uint8_t *)(fp))
static const int order[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                              REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
#endif
static struct state now;
static int running;

static int next(void) {
  if (fread(&now, sizeof now, 1, stdin) != 1) return 0;
  uint8_t *code = (uint8_t *)CODE;
  memset(code, 0xcc, 64);
  memcpy(code + 16, now.code, 16);
  uint8_t *data = (uint8_t *)DATA;
  memset(data, 0, DATA_SIZE);
  memcpy(data + DATA_SIZE / 2 - WINDOW / 2, now.memory, WINDOW);
  return 1;
}

// What is the same in both frames: the area of FXSAVE.
static void copy(uint8_t *fx, int load) {
  for (int i = 0; i < 8; i++) {
    uint8_t *st = fx + 32 + 16 * i;
    if (load)
      memcpy(st, now.st[i], 16);
    else {
      memset(now.st[i], 0, 16);
      memcpy(now.st[i], st, 10);
    }
  }
  if (load) {
    memcpy(fx + 24, &now.mxcsr, 4);
    memcpy(fx + 160, now.xmm, 16 * REGISTERS);
    memcpy(fx, &now.fcw, 2);
    memcpy(fx + 2, &now.fsw, 2);
    memcpy(fx + 4, &now.ftw, 2);
  } else {
    memcpy(&now.mxcsr, fx + 24, 4);
    memcpy(now.xmm, fx + 160, 16 * REGISTERS);
    now.fcw = *(uint16_t *)fx;
    now.fsw = *(uint16_t *)(fx + 2);
    now.ftw = fx[4];
  }
}
#ifdef __i386__
// And the part that the kernel prefers, in the format of FNSAVE.
static void load_legacy(struct _libc_fpstate *fp) {
  fp->cw = 0xffff0000 | now.fcw;
  fp->sw = 0xffff0000 | now.fsw;
  fp->tag = 0xffff0000;
  for (int i = 0; i < 8; i++) {
    if (!(now.ftw >> i & 1)) fp->tag |= 3 << 2 * i;
    memcpy(&fp->_st[i], now.st[i], 10);
  }
}
#else
#define load_legacy(fp)
#endif

static void on(int sig, siginfo_t *info, void *p) {
  ucontext_t *uc = p;
  struct _libc_fpstate *fp = uc->uc_mcontext.fpregs;
  if (running) {
    for (int i = 0; i < REGISTERS; i++) now.gpr[i] = (unsigned long)uc->uc_mcontext.gregs[order[i]];
    now.rip = uc->uc_mcontext.gregs[PC];
    now.rflags = uc->uc_mcontext.gregs[REG_EFL] & 0xcd5;
    now.signal = sig;
    now.address = sig == SIGSEGV || sig == SIGBUS ? (unsigned long)info->si_addr : 0;
    copy(FX(fp), 0);
    memcpy(now.memory, (uint8_t *)DATA + DATA_SIZE / 2 - WINDOW / 2, WINDOW);
    fwrite(&now, sizeof now, 1, stdout);
  }
  if (!next()) {
    fflush(stdout);
    _exit(0);
  }
  running = 1;
  for (int i = 0; i < REGISTERS; i++) uc->uc_mcontext.gregs[order[i]] = now.gpr[i];
  uc->uc_mcontext.gregs[PC] = CODE + 16;
  uc->uc_mcontext.gregs[REG_EFL] = now.rflags | 0x202;
  copy(FX(fp), 1);
  load_legacy(fp);
}

int main(void) {
  static uint8_t stack[65536];
  stack_t ss = {.ss_sp = stack, .ss_size = sizeof stack};
  sigaltstack(&ss, 0);
  struct sigaction sa = {.sa_sigaction = on, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
  int all[] = {SIGUSR1, SIGTRAP, SIGSEGV, SIGILL, SIGFPE, SIGBUS};
  for (int i = 0; i < 6; i++) sigaction(all[i], &sa, 0);
  mmap((void *)CODE, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  mmap((void *)DATA, DATA_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  setvbuf(stdin, 0, _IOFBF, 1 << 20);
  setvbuf(stdout, 0, _IOFBF, 1 << 20);
  raise(SIGUSR1);
  return 1;
}
