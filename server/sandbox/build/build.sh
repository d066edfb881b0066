#!/bin/sh
# Builds ../wasm/python.wasm.br: CPython for the sandbox's wasm engine. On Debian 12, with
#
#   apt-get install clang-16 lld-16 llvm-16 wasi-libc libclang-rt-16-dev-wasm32 \
#     python3.11 dpkg-dev make patch
#
# and Node on the path. Takes the three files of Debian's source package of python3.11 that are named
# below from $SOURCES (default: the work folder), or fetches them with `apt-get source`, which needs a
# deb-src line. Two builds of the same inputs give the same bytes; manifest.json holds their digest.
#
#   build.sh [work folder]          (default: a new temporary folder; about 5 minutes)
set -eu

VERSION=3.11.2
REVISION=6+deb12u8
ORIGINAL_SHA256=2411c74bda5bbcfcddaf4531f66d1adc73f247f529aee981b029513aefdbf849
DEBIAN_SHA256=ece2d63c70ac0b7a401fbe6b51b0103be997c294a01a3865549be1862794ba97

# Hard cap on a program's memory, whatever the run's settings say.
MAXIMUM_MEMORY=$((512 * 1024 * 1024))
# C stack of the program in linear memory: recursion to Python's limit takes up to half of it.
STACK_BYTES=$((1536 * 1024))

here=$(cd "$(dirname "$0")" && pwd)
work=${1:-$(mktemp -d)}
mkdir -p "$work"
work=$(cd "$work" && pwd)
export JOBS="${JOBS:-$(nproc)}"
export OPTIMISATION="${OPTIMISATION:--O2 -mbulk-memory -msign-ext -mnontrapping-fptoint}"
# Python is told when and where it was built; both are made the same everywhere.
export SOURCE_DATE_EPOCH=1672531200 LC_ALL=C.UTF-8 TZ=UTC PYTHONHASHSEED=0

cd "$work"
description="python3.11_$VERSION-$REVISION.dsc"
if [ -n "${SOURCES:-}" ]; then cp "$SOURCES"/python3.11_* .; fi
[ -f "$description" ] || apt-get source --download-only "python3.11=$VERSION-$REVISION"
printf '%s  %s\n' \
  "$ORIGINAL_SHA256" "python3.11_$VERSION.orig.tar.gz" \
  "$DEBIAN_SHA256" "python3.11_$VERSION-$REVISION.debian.tar.xz" | sha256sum --check --quiet
rm -rf source build
dpkg-source --no-check -x "$description" source > unpack.log
patch --quiet --directory=source --strip=1 < "$here/cpython.patch"

mkdir build
# By a relative path, because Python remembers it.
(cd build && sh "$here/configure_python.sh" ../source)

python3.11 -I -S "$here/freeze_library.py" source/Lib "$here/../harness" library.bin

clang-16 --target=wasm32-wasi --sysroot=/usr -mexec-model=reactor $OPTIMISATION -g0 -DNDEBUG \
  -isystem /usr/include/wasm32-wasi -Wall -Wextra -Werror \
  -D_WASI_EMULATED_SIGNAL -D_WASI_EMULATED_GETPID -D_WASI_EMULATED_PROCESS_CLOCKS \
  "-ffile-prefix-map=$here=build" -DPy_BUILD_CORE_BUILTIN -Ibuild -Isource/Include -Isource/Include/internal \
  "$here/reactor.c" -o python.wasm -L/usr/lib/wasm32-wasi \
  build/libpython3.11.a build/Modules/_decimal/libmpdec/libmpdec.a \
  -lwasi-emulated-signal -lwasi-emulated-getpid -lwasi-emulated-process-clocks -lm \
  "-Wl,-z,stack-size=$STACK_BYTES" -Wl,--stack-first "-Wl,--max-memory=$MAXIMUM_MEMORY" \
  -Wl,--export=__stack_pointer -Wl,--strip-all -Wl,--gc-sections

packages=$(dpkg-query --show --showformat='${Package} ${Version}\n' \
  clang-16 lld-16 wasi-libc libclang-rt-16-dev-wasm32 python3.11)
PACKAGES="$packages" SOURCE="python3.11 $VERSION-$REVISION" \
  node "$here/pack.mjs" python.wasm library.bin source/LICENSE "$here/../wasm"
