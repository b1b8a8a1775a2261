/* The few functions that the kernels take from a C library, so that each binary is some kilobytes and both sides of a
   comparison run the same code. Plain and portable; the entry and the system calls are crt/ARCH.S. */
#include <stddef.h>
#include <stdint.h>
long write(int fd, const void *from, size_t n);
void _exit(int status);

static int aligned(const void *a, const void *b) { return (((uintptr_t)a | (uintptr_t)b) & 3) == 0; }
void *memcpy(void *to, const void *from, size_t n) {
  uint8_t *t = to;
  const uint8_t *f = from;
  if (aligned(t, f)) for (; n >= 4; n -= 4, t += 4, f += 4) *(uint32_t *)t = *(const uint32_t *)f;
  while (n--) *t++ = *f++;
  return to;
}
void *memmove(void *to, const void *from, size_t n) {
  if ((uintptr_t)to - (uintptr_t)from >= n) return memcpy(to, from, n);
  uint8_t *t = (uint8_t *)to + n;
  const uint8_t *f = (const uint8_t *)from + n;
  if (aligned(t, f)) for (; n >= 4; n -= 4) { t -= 4; f -= 4; *(uint32_t *)t = *(const uint32_t *)f; }
  while (n--) *--t = *--f;
  return to;
}
void *memset(void *to, int c, size_t n) {
  uint8_t *t = to;
  uint32_t word = (uint8_t)c * 0x01010101u;
  if (aligned(t, t)) for (; n >= 4; n -= 4, t += 4) *(uint32_t *)t = word;
  while (n--) *t++ = c;
  return to;
}
int memcmp(const void *a, const void *b, size_t n) {
  const uint8_t *x = a, *y = b;
  for (; n--; x++, y++) if (*x != *y) return *x - *y;
  return 0;
}
static size_t length(const char *s) { size_t n = 0; while (s[n]) n++; return n; }
int puts(const char *s) { write(1, s, length(s)); write(1, "\n", 1); return 0; }
void exit(int status) { _exit(status); for (;;) {} }
/** What ARM's division by zero calls. */
int raise(int signal) { _exit(128 + signal); return 0; }
/** Decimal only; the headers make atoi of it. */
long strtol(const char *s, char **end, int base) {
  long n = 0;
  while (*s >= '0' && *s <= '9') n = n * 10 + *s++ - '0';
  if (end) *end = (char *)s;
  return n;
}
/** The kernels print one line, "%08x\n". */
void report(uint32_t sum) {
  char b[9];
  for (int i = 0; i < 8; i++) b[i] = "0123456789abcdef"[sum >> (28 - 4 * i) & 15];
  b[8] = '\n';
  write(1, b, 9);
}

/** Heapsort, so that the worst case is no surprise. */
static void swap(uint8_t *a, uint8_t *b, size_t size) {
  if ((size & 3) == 0 && aligned(a, b))
    for (; size; size -= 4, a += 4, b += 4) { uint32_t t = *(uint32_t *)a; *(uint32_t *)a = *(uint32_t *)b; *(uint32_t *)b = t; }
  for (; size; size--, a++, b++) { uint8_t t = *a; *a = *b; *b = t; }
}
void qsort(void *base, size_t n, size_t size, int (*compare)(const void *, const void *)) {
  uint8_t *p = base;
  for (size_t start = n / 2, end = n; end > 1;) {
    if (start > 0) start--;
    else swap(p, p + --end * size, size);
    for (size_t root = start, child; (child = 2 * root + 1) < end; root = child) {
      if (child + 1 < end && compare(p + child * size, p + (child + 1) * size) < 0) child++;
      if (compare(p + root * size, p + child * size) >= 0) break;
      swap(p + root * size, p + child * size, size);
    }
  }
}

/** By Newton's method for 1/sqrt(x): good to a last digit or two, which a benchmark does not mind. */
double sqrt(double x) {
  union { double d; uint64_t u; } v = { x };
  if (!(x > 0)) return x == 0 ? x : (x - x) / (x - x);
  v.u = 0x5fe6eb50c7b537a9u - (v.u >> 1);
  for (int i = 0; i < 5; i++) v.d *= 1.5 - .5 * x * v.d * v.d;
  return x * v.d;
}
/** By the series, after the argument was brought into [-pi, pi]. */
static double series(double x, double term, int k) {
  double sum = term;
  for (; k < 40; k += 2) { term *= -x * x / (k * (k + 1)); sum += term; }
  return sum;
}
static double reduce(double x) {
  const double turn = 6.283185307179586;
  return x - turn * (int)(x / turn + (x < 0 ? -.5 : .5));
}
double sin(double x) { x = reduce(x); return series(x, x, 2); }
double cos(double x) { x = reduce(x); return series(x, 1, 1); }
