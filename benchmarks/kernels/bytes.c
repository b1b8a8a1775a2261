/* Bytes: an LZ compressor and its inverse, SHA-256, a sieve. */
#include "kernel.h"
static uint8_t text[40000], packed[60000], back[40000];
static uint16_t heads[4096];
static int pack(const uint8_t *in, int n, uint8_t *out) {
  int o = 0, literals = 0;
  memset(heads, 0, sizeof heads);
  for (int i = 0; i < n;) {
    int best = 0, from = 0;
    if (i + 4 < n) {
      uint32_t h = ((in[i] << 16 | in[i + 1] << 8 | in[i + 2]) * 2654435761u) >> 20;
      from = heads[h];
      heads[h] = i;
      if (from && i - from < 32768) while (best < 66 && i + best < n && in[from + best] == in[i + best]) best++;
    }
    if (best >= 4) {
      out[o++] = 128 | (best - 4); out[o++] = (i - from) >> 8; out[o++] = i - from;
      i += best; literals = 0;
    } else {
      if (!literals || out[literals - 1] == 127) { out[o++] = 0; literals = o; } else out[literals - 1]++;
      out[o++] = in[i++];
    }
  }
  return o;
}
static int unpack(const uint8_t *in, int n, uint8_t *out) {
  int o = 0;
  for (int i = 0; i < n;) {
    int c = in[i++];
    if (c & 128) {
      int d = in[i] << 8 | in[i + 1]; i += 2;
      for (int k = (c & 127) + 4; k; k--, o++) out[o] = out[o - d];
    } else for (int k = c + 1; k; k--) out[o++] = in[i++];
  }
  return o;
}
static const uint32_t K[64] = {
  0x428a2f98,0x71374491,0xb5c0fbcf,0xe9b5dba5,0x3956c25b,0x59f111f1,0x923f82a4,0xab1c5ed5,0xd807aa98,0x12835b01,0x243185be,0x550c7dc3,0x72be5d74,0x80deb1fe,0x9bdc06a7,0xc19bf174,
  0xe49b69c1,0xefbe4786,0x0fc19dc6,0x240ca1cc,0x2de92c6f,0x4a7484aa,0x5cb0a9dc,0x76f988da,0x983e5152,0xa831c66d,0xb00327c8,0xbf597fc7,0xc6e00bf3,0xd5a79147,0x06ca6351,0x14292967,
  0x27b70a85,0x2e1b2138,0x4d2c6dfc,0x53380d13,0x650a7354,0x766a0abb,0x81c2c92e,0x92722c85,0xa2bfe8a1,0xa81a664b,0xc24b8b70,0xc76c51a3,0xd192e819,0xd6990624,0xf40e3585,0x106aa070,
  0x19a4c116,0x1e376c08,0x2748774c,0x34b0bcb5,0x391c0cb3,0x4ed8aa4a,0x5b9cca4f,0x682e6ff3,0x748f82ee,0x78a5636f,0x84c87814,0x8cc70208,0x90befffa,0xa4506ceb,0xbef9a3f7,0xc67178f2 };
#define ROR(x, n) ((x) >> (n) | (x) << (32 - (n)))
static void block(uint32_t *h, const uint8_t *p) {
  uint32_t w[64], v[8];
  for (int i = 0; i < 16; i++) w[i] = (uint32_t)p[4 * i] << 24 | p[4 * i + 1] << 16 | p[4 * i + 2] << 8 | p[4 * i + 3];
  for (int i = 16; i < 64; i++) {
    uint32_t a = w[i - 15], b = w[i - 2];
    w[i] = w[i - 16] + (ROR(a, 7) ^ ROR(a, 18) ^ a >> 3) + w[i - 7] + (ROR(b, 17) ^ ROR(b, 19) ^ b >> 10);
  }
  memcpy(v, h, 32);
  for (int i = 0; i < 64; i++) {
    uint32_t t1 = v[7] + (ROR(v[4], 6) ^ ROR(v[4], 11) ^ ROR(v[4], 25)) + ((v[4] & v[5]) ^ (~v[4] & v[6])) + K[i] + w[i];
    uint32_t t2 = (ROR(v[0], 2) ^ ROR(v[0], 13) ^ ROR(v[0], 22)) + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
    for (int k = 7; k > 0; k--) v[k] = v[k - 1];
    v[4] += t1; v[0] = t1 + t2;
  }
  for (int i = 0; i < 8; i++) h[i] += v[i];
}
static uint8_t composite[65536];
static uint32_t unit(int n) {
  uint32_t seed = n + 7, sum = 0;
  for (int i = 0; i < 40000; i++) text[i] = next_random(&seed) % 7 ? 'a' + next_random(&seed) % 6 : i > 100 ? text[i - 1 - next_random(&seed) % 90] : ' ';
  int size = pack(text, 40000, packed);
  if (unpack(packed, size, back) != 40000 || memcmp(text, back, 40000)) { puts("LZ failed"); exit(1); }
  uint32_t h[8] = { 0x6a09e667,0xbb67ae85,0x3c6ef372,0xa54ff53a,0x510e527f,0x9b05688c,0x1f83d9ab,0x5be0cd19 };
  for (int i = 0; i + 64 <= size; i += 64) block(h, packed + i);
  memset(composite, 0, sizeof composite);
  for (int i = 2; i < 65536; i++) { if (composite[i]) continue; sum += i; for (int k = 2 * i; k < 65536; k += i) composite[k] = 1; }
  return sum ^ h[0] ^ h[7] ^ size;
}
KERNEL(unit)
