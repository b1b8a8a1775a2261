#!/bin/sh
# Rebuilds the binary with Debian's arm-linux-gnueabihf-gcc. The addresses in harness.c must stay in step with harness.json.
set -eu
cd "$(dirname "$0")"
"${CC:-arm-linux-gnueabihf-gcc}" -O2 -nostdlib -static -ffreestanding -fno-strict-aliasing -fno-stack-protector -fno-pic -no-pie -marm -mfpu=neon-vfpv4 \
  -fno-asynchronous-unwind-tables -fno-tree-loop-distribute-patterns -Wall -Wl,--build-id=none -Wl,-z,noseparate-code -Wl,-z,max-page-size=4096 \
  -Wl,-Ttext-segment=0x12340000 -s harness.c run-case.S -o harness -lgcc
