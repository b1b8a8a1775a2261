/* Calls: recursion, calls through pointers, qsort with a comparison function. */
#include "kernel.h"
static int __attribute__((noinline)) fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
static int __attribute__((noinline)) ackermann(int m, int n) { return m == 0 ? n + 1 : n == 0 ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1)); }
typedef uint32_t (*op)(uint32_t, uint32_t);
static uint32_t __attribute__((noinline)) add(uint32_t a, uint32_t b) { return a + b; }
static uint32_t __attribute__((noinline)) xor(uint32_t a, uint32_t b) { return a ^ b << 3; }
static uint32_t __attribute__((noinline)) mul(uint32_t a, uint32_t b) { return a * (b | 1); }
static uint32_t __attribute__((noinline)) mix(uint32_t a, uint32_t b) { return (a << 7 | a >> 25) + b; }
static const op ops[] = { add, xor, mul, mix };
static int compare(const void *a, const void *b) { uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b; return x < y ? -1 : x > y; }
static uint32_t unit(int i) {
  uint32_t seed = i + 3, acc = i, values[3000];
  acc += fib(22) + ackermann(2, 60);
  for (int k = 0; k < 40000; k++) acc = ops[next_random(&seed) & 3](acc, k);
  for (int k = 0; k < 3000; k++) values[k] = next_random(&seed);
  qsort(values, 3000, sizeof *values, compare);
  return acc ^ values[0] ^ values[1500] ^ values[2999];
}
KERNEL(unit)
