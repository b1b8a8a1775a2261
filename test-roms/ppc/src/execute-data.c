// Jumps into its own data, which may not be executed. Dies of SIGSEGV.
#include "tiny.h"
static u32 data[4] = {0x38600005, 0x4e800020};  // li r3, 5; blr

int start(long *stack) {
  (void)stack;
  text("calling data\n");
  number(((int (*)(void))data)());
  return 0;
}
