#!/bin/sh
# Rebuilds bin/ from src/ with Debian's powerpc-linux-gnu-gcc; with --expected also expected/, by a reference emulator.
# usage: build.sh [--expected EMULATOR]
set -eu
cd "$(dirname "$0")"
CC=${CC:-powerpc-linux-gnu-gcc}
mkdir -p bin expected
TINY="-Os -nostdlib -static -ffreestanding -fno-stack-protector -fno-pic -no-pie -fno-asynchronous-unwind-tables
      -Wall -Wno-unused-function -Wno-infinite-recursion -Wno-array-bounds -Wl,--build-id=none -Wl,-z,noseparate-code -s"
for source in src/*.c; do
  name=$(basename "$source" .c)
  case $name in
    hello-libc) "$CC" -O1 -static -s "$source" -o "bin/$name" -lm ;;
    *) "$CC" $TINY "$source" -o "bin/$name" -lgcc ;;
  esac
done
"$CC" -nostdlib -static-pie -s src/hello-pie.S -Wl,--build-id=none -Wl,-z,noseparate-code -Wl,-z,max-page-size=4096 -o bin/hello-pie
[ "${1:-}" = --expected ] || exit 0
shift
work=$(mktemp -d)
for program in bin/*; do
  name=$(basename "$program")
  here=$PWD
  set +e
  (cd "$work" && ROM=yes "$@" "$here/$program" >"$here/expected/$name.out" 2>/dev/null </dev/null) 2>/dev/null
  echo $? >"expected/$name.status"
  set -e
done
rmdir "$work"
