// Greets, says what machine it believes to run on, and draws the Mandelbrot set with floating point.
#include "tiny.h"
struct name { char sysname[65], node[65], release[65], version[65], machine[65], domain[65]; };
int start(long *stack) {
  struct name n;
  long argc = stack[0];
  char **argv = (char **)(stack + 1);
  text("Hello from a program built for another processor");
  if (argc > 1) text(", "), text(argv[1]);
  text("!\n");
  sys(uname, &n);
  text("I believe to run on ");
  text(n.sysname);
  text(", machine ");
  text(n.machine);
  text(*(u8 *)&(u32){1} ? ", little-endian.\n" : ", big-endian.\n");
  long inside = 0;
  for (int y = 0; y < 24; y++) {
    char row[73];
    for (int x = 0; x < 72; x++) {
      double cr = x * (3.0 / 71) - 2.15, ci = y * (2.3 / 23) - 1.15, zr = 0, zi = 0;
      int i = 0;
      for (; i < 500 && zr * zr + zi * zi < 4; i++) {
        double t = zr * zr - zi * zi + cr;
        zi = 2 * zr * zi + ci;
        zr = t;
      }
      inside += i == 500;
      row[x] = i == 500 ? '#' : " .,:;-=+*%@"[i < 11 ? i : 10];
    }
    row[72] = '\n';
    sys(write, 1, row, 73);
  }
  line("Points inside", inside);
  return 0;
}
