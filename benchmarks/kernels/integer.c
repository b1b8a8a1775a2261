/* Integer mix: list sorting and searching, matrix products, a state machine over text, CRC-16. */
#include "kernel.h"
struct node { struct node *next; int16_t key, value; };
static struct node pool[200];
static struct node *merge(struct node *a, struct node *b) {
  struct node head, *t = &head;
  while (a && b) {
    if (a->key <= b->key) { t->next = a; a = a->next; } else { t->next = b; b = b->next; }
    t = t->next;
  }
  t->next = a ? a : b;
  return head.next;
}
static struct node *sort(struct node *l, int n) {
  if (n < 2) { if (l) l->next = 0; return l; }
  struct node *r = l;
  for (int i = 0; i < n / 2; i++) r = r->next;
  struct node *rest = r;
  return merge(sort(l, n / 2), sort(rest, n - n / 2));
}
static uint16_t crc16(uint16_t crc, uint8_t b) {
  for (int i = 0; i < 8; i++) { crc = (crc ^ b) & 1 ? (crc >> 1) ^ 0xa001 : crc >> 1; b >>= 1; }
  return crc;
}
#define N 24
static int16_t A[N][N], B[N][N];
static int32_t C[N][N];
static uint32_t matrix(uint32_t seed) {
  for (int i = 0; i < N; i++) for (int j = 0; j < N; j++) { A[i][j] = next_random(&seed) & 255; B[i][j] = (next_random(&seed) & 255) - 128; }
  for (int i = 0; i < N; i++) for (int j = 0; j < N; j++) { int32_t s = 0; for (int k = 0; k < N; k++) s += A[i][k] * B[k][j]; C[i][j] = s; }
  uint32_t sum = 0;
  for (int i = 0; i < N; i++) for (int j = 0; j < N; j++) sum += (C[i][j] >> 2) & 0x7f;
  return sum;
}
enum state { START, INT, FLOAT, EXPONENT, SCIENTIFIC, INVALID, STATES };
static const char *words[] = { "5012", "1234.5", "-874", "+122", "35.54400", "-110.700", "5.500e+3", "-.123e-2", "T0.3e-1F", "-T.T++Tq" };
static enum state scan(const char **p, uint32_t *visits) {
  enum state s = START;
  for (; **p && **p != ','; (*p)++) {
    char c = **p;
    int digit = c >= '0' && c <= '9';
    switch (s) {
      case START: s = digit ? INT : c == '+' || c == '-' ? START : c == '.' ? FLOAT : INVALID; break;
      case INT: s = c == '.' ? FLOAT : digit ? INT : INVALID; break;
      case FLOAT: s = c == 'e' || c == 'E' ? EXPONENT : digit ? FLOAT : INVALID; break;
      case EXPONENT: s = c == '+' || c == '-' ? SCIENTIFIC : INVALID; break;
      case SCIENTIFIC: s = digit ? SCIENTIFIC : INVALID; break;
      default: break;
    }
    visits[s]++;
  }
  if (**p == ',') (*p)++;
  return s;
}
static uint32_t unit(int i) {
  uint32_t seed = i + 1, sum = 0;
  for (int round = 0; round < 20; round++) {
    for (int k = 0; k < 200; k++) { pool[k].next = k + 1 < 200 ? &pool[k + 1] : 0; pool[k].key = next_random(&seed) & 0x7fff; pool[k].value = k; }
    struct node *l = sort(pool, 200);
    uint16_t crc = 0;
    for (struct node *p = l; p; p = p->next) crc = crc16(crc16(crc, p->key), p->value);
    sum += crc + matrix(seed);
    char text[256]; int at = 0;
    for (int k = 0; k < 20; k++) { const char *w = words[next_random(&seed) % 10]; while (*w) text[at++] = *w++; text[at++] = ','; }
    text[at] = 0;
    uint32_t visits[STATES] = { 0 };
    for (int turn = 0; turn < 20; turn++) { const char *p = text; while (*p) sum += scan(&p, visits); }
    for (int k = 0; k < STATES; k++) crc = crc16(crc, visits[k]);
    sum ^= crc;
  }
  return sum;
}
KERNEL(unit)
