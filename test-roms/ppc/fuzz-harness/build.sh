#!/bin/sh
# Rebuilds the binary with Debian's powerpc-linux-gnu-gcc. The addresses in harness.c must stay in step with harness.json.
set -eu
cd "$(dirname "$0")"
"${CC:-powerpc-linux-gnu-gcc}" -O2 -nostdlib -static -ffreestanding -fno-strict-aliasing -fno-stack-protector -fno-pic -no-pie \
  -fno-asynchronous-unwind-tables -fno-tree-loop-distribute-patterns -mno-altivec -Wa,-maltivec -Wall -Wno-unused-function -Wl,--build-id=none \
  -Wl,-z,noseparate-code -Wl,--defsym=test_code=0x11010000 -Wl,-Ttext-segment=0x12340000 -s harness.c run-case.S -o harness -lgcc
