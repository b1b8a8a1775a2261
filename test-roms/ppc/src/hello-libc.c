// Says hello through the C library: constructors, stdio, doubles, thread-local storage.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static __thread int local = 7;
__attribute__((constructor)) static void early(void) { local++; }
static int compare(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }
int main(int argc, char **argv) {
  char *words[] = {"pear", "apple", "quince", "fig"};
  qsort(words, 4, sizeof *words, compare);
  printf("Hello, world!\n%d argument%s, local %d, %s %s %s %s\n", argc - 1, argc == 2 ? "" : "s", local, words[0], words[1], words[2], words[3]);
  printf("%.17g %.3e %a %Lg\n", sqrt(2), exp(10), 0.1, 1.5L);
  char *p = malloc(1000000);
  memset(p, 'x', 999999);
  p[999999] = 0;
  printf("%zu\n", strlen(p));
  free(p);
  return argc > 1 ? atoi(argv[1]) : 0;
}
