/* A complex FFT of 1,024 points and back, in doubles. */
#include "kernel.h"
#include <math.h>
#define N 1024
static double re[N], im[N], cs[N / 2], sn[N / 2];
static void fft(int inverse) {
  for (int i = 1, j = 0; i < N; i++) {
    int bit = N >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j |= bit;
    if (i < j) { double t = re[i]; re[i] = re[j]; re[j] = t; t = im[i]; im[i] = im[j]; im[j] = t; }
  }
  for (int len = 2; len <= N; len <<= 1)
    for (int i = 0; i < N; i += len)
      for (int k = 0; k < len / 2; k++) {
        double c = cs[k * (N / len)], s = inverse ? -sn[k * (N / len)] : sn[k * (N / len)];
        int a = i + k, b = a + len / 2;
        double x = re[b] * c - im[b] * s, y = re[b] * s + im[b] * c;
        re[b] = re[a] - x; im[b] = im[a] - y; re[a] += x; im[a] += y;
      }
}
static uint32_t unit(int n) {
  uint32_t seed = n + 11;
  for (int i = 0; i < N / 2; i++) { cs[i] = cos(-2 * M_PI * i / N); sn[i] = sin(-2 * M_PI * i / N); }
  for (int i = 0; i < N; i++) { re[i] = next_random(&seed) % 1000 / 7.0; im[i] = next_random(&seed) % 1000 / 9.0; }
  for (int turn = 0; turn < 10; turn++) { fft(0); fft(1); for (int i = 0; i < N; i++) { re[i] /= N; im[i] /= N; } }
  uint64_t bits; memcpy(&bits, &re[17], 8);
  return (uint32_t)bits ^ (uint32_t)(bits >> 32);
}
KERNEL(unit)
