#!/bin/sh
# Installs what the tests compare with: reference emulator, cross compiler, binutils. For CI on Debian, as root.
# Never fails: a test whose tool is missing says so and is skipped.
set -u
packages=
for pair in qemu-ppc:qemu-user qemu-aarch64:qemu-user powerpc64le-linux-gnu-objdump:binutils-powerpc64le-linux-gnu powerpc-linux-gnu-gcc:gcc-powerpc-linux-gnu powerpc-linux-gnu-objdump:binutils-powerpc-linux-gnu \
  aarch64-linux-gnu-objdump:binutils-aarch64-linux-gnu arm-linux-gnueabihf-gcc:gcc-arm-linux-gnueabihf arm-linux-gnueabi-gcc:gcc-arm-linux-gnueabi \
  gcc:gcc i686-linux-gnu-gcc:gcc-i686-linux-gnu \
  python3:python3 perl:perl; do
  command -v "${pair%%:*}" >/dev/null 2>&1 || packages="$packages ${pair#*:}"
done
for pair in powerpc-linux-gnu:powerpc arm-linux-gnueabihf:armhf arm-linux-gnueabi:armel i686-linux-gnu:i386; do
  [ -e "/usr/${pair%%:*}/lib/libc.a" ] || packages="$packages libc6-dev-${pair#*:}-cross"
done
[ -n "$packages" ] || exit 0
if ! command -v apt-get >/dev/null 2>&1 || [ "$(id -u)" -ne 0 ]; then
  echo "ci-tools: not installed, some tests will be skipped:$packages" >&2
  exit 0
fi
echo "ci-tools: installing$packages" >&2
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
install() { timeout 240 apt-get install -y --no-install-recommends $packages >"$log" 2>&1; }
install || { timeout 120 apt-get update >"$log" 2>&1 && install; } || {
  echo "ci-tools: could not install$packages; some tests will be skipped:" >&2
  tail -n 5 "$log" >&2
}
rm -f "$log"
exit 0
