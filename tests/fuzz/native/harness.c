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

static const int order[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                              REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
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

static void on(int sig, siginfo_t *info, void *p) {
  ucontext_t *uc = p;
  struct _libc_fpstate *fp = uc->uc_mcontext.fpregs;
  if (running) {
    for (int i = 0; i < 16; i++) now.gpr[i] = uc->uc_mcontext.gregs[order[i]];
    now.rip = uc->uc_mcontext.gregs[REG_RIP];
    now.rflags = uc->uc_mcontext.gregs[REG_EFL] & 0xcd5;
    now.signal = sig;
    now.address = sig == SIGSEGV || sig == SIGBUS ? (uint64_t)info->si_addr : 0;
    now.mxcsr = fp->mxcsr;
    now.fcw = fp->cwd;
    now.fsw = fp->swd;
    now.ftw = fp->ftw & 0xff;
    for (int i = 0; i < 8; i++) {
      memset(now.st[i], 0, 16);
      memcpy(now.st[i], &fp->_st[i], 10);
    }
    memcpy(now.xmm, fp->_xmm, sizeof now.xmm);
    memcpy(now.memory, (uint8_t *)DATA + DATA_SIZE / 2 - WINDOW / 2, WINDOW);
    fwrite(&now, sizeof now, 1, stdout);
  }
  if (!next()) {
    fflush(stdout);
    _exit(0);
  }
  running = 1;
  for (int i = 0; i < 16; i++) uc->uc_mcontext.gregs[order[i]] = now.gpr[i];
  uc->uc_mcontext.gregs[REG_RIP] = CODE + 16;
  uc->uc_mcontext.gregs[REG_EFL] = now.rflags | 0x202;
  fp->mxcsr = now.mxcsr;
  fp->cwd = now.fcw;
  fp->swd = now.fsw;
  fp->ftw = now.ftw;
  for (int i = 0; i < 8; i++) memcpy(&fp->_st[i], now.st[i], 16);
  memcpy(fp->_xmm, now.xmm, sizeof now.xmm);
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
