#!/bin/sh
# Rebuilds the binary with Debian's powerpc64le-linux-gnu-gcc. The addresses in harness.c must stay in step with harness.json.
set -eu
cd "$(dirname "$0")"
"${CC:-powerpc64le-linux-gnu-gcc}" -O2 -nostdlib -static -ffreestanding -fno-strict-aliasing -fno-stack-protector -fno-pic -no-pie -mcpu=power8 -mno-altivec -mno-vsx \
  -fno-asynchronous-unwind-tables -fno-tree-loop-distribute-patterns -Wall -Wl,--build-id=none -Wl,-z,noseparate-code -Wl,-z,max-page-size=4096 \
  -Wa,-mpower8 -Wl,--defsym=test_code=0x11010000 -Wl,-Ttext-segment=0x12340000 -s harness.c run-case.S -o harness
