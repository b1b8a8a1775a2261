/* What the kernels share: a repeat count from the command line, a checksum printed at the end. Freestanding they are
   linked with runtime.c; hosted (`cc -O2 integer.c -lm`) they are ordinary programs, for a native comparison. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if __STDC_HOSTED__
static inline void report(uint32_t sum) { printf("%08x\n", sum); }
#else
void report(uint32_t sum);
#endif
static inline uint32_t next_random(uint32_t *s) { *s = *s * 1664525u + 1013904223u; return *s >> 8; }
#define KERNEL(unit) \
  int main(int argc, char **argv) { \
    int n = argc > 1 ? atoi(argv[1]) : 1; \
    uint32_t sum = 0; \
    for (int i = 0; i < n; i++) sum = sum * 31 + unit(i); \
    report(sum); \
    return 0; \
  }
