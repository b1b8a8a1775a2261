// Says hello. The smallest program there is.
#include "tiny.h"
int start(long *stack) {
  (void)stack;
  text("Hello, world!\n");
  return 0;
}
