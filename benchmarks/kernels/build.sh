#!/bin/sh
# Rebuilds the kernels' binaries, by Debian's cross compilers. usage: build.sh [ARCH...] (default: all)
set -eu
cd "$(dirname "$0")"
[ $# -gt 0 ] || set -- ppc ppc64le arm arm64 i386 amd64
for arch; do
  case $arch in
    ppc) cc=powerpc-linux-gnu-gcc ;;
    ppc64le) cc=powerpc64le-linux-gnu-gcc ;;
    arm) cc=arm-linux-gnueabihf-gcc ;;
    arm64) cc=aarch64-linux-gnu-gcc ;;
    i386) cc=i686-linux-gnu-gcc ;;
    amd64) cc=x86_64-linux-gnu-gcc ;;
    *) echo "build.sh: no compiler known for $arch" >&2; exit 1 ;;
  esac
  mkdir -p "$arch"
  # -fno-builtin-printf etc. come with -ffreestanding; memcpy and its kin must not become calls of themselves.
  for source in integer bytes calls nbody fft; do
    "$cc" -O2 -ffreestanding -nostdlib -static -no-pie -fno-pic -fno-stack-protector -fno-asynchronous-unwind-tables \
      -fno-tree-loop-distribute-patterns -Wall -Wno-misleading-indentation -s -Wl,--build-id=none -Wl,-z,noseparate-code \
      -Wl,-z,max-page-size=65536 "crt/$arch.S" runtime.c "$source.c" -lgcc -o "$arch/$source"
  done
done
