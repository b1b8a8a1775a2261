/* N-body: five bodies under gravity, in doubles. */
#include "kernel.h"
#include <math.h>
static double p[5][3] = { { 0, 0, 0 }, { 4.84, -1.16, -.10 }, { 8.34, 4.12, -.4 }, { 12.89, -15.11, -.22 }, { 15.37, -25.9, .179 } };
static double v[5][3] = { { 0, 0, 0 }, { .6, 2.8, -.02 }, { -1.01, 1.82, .008 }, { 1.08, .868, -.01 }, { .979, .594, -.034 } };
static const double m[5] = { 39.47, .037, .011, .0017, .002 };
static uint32_t unit(int i) {
  for (int step = 0; step < 2000; step++) {
    for (int a = 0; a < 5; a++)
      for (int b = a + 1; b < 5; b++) {
        double d[3], r2 = 0;
        for (int k = 0; k < 3; k++) { d[k] = p[a][k] - p[b][k]; r2 += d[k] * d[k]; }
        double f = .001 / (r2 * sqrt(r2));
        for (int k = 0; k < 3; k++) { v[a][k] -= d[k] * m[b] * f; v[b][k] += d[k] * m[a] * f; }
      }
    for (int a = 0; a < 5; a++) for (int k = 0; k < 3; k++) p[a][k] += .001 * v[a][k];
  }
  uint64_t bits; memcpy(&bits, &p[1][0], 8);
  return i ^ (uint32_t)bits ^ (uint32_t)(bits >> 32);
}
KERNEL(unit)
