#!/bin/sh
# Configures and compiles CPython as static libraries for WASI. Started by build.sh, which says with
# what; the working folder is the build folder, $1 the source folder.
set -eu
source=$1

cat > Setup.local <<'MODULES'
# Extension modules that no program may import: everything about the outside world, and what only
# the omitted parts of the standard library use.
*disabled*
_asyncio _bz2 _codecs_cn _codecs_hk _codecs_iso2022 _codecs_jp _codecs_kr _codecs_tw _contextvars
_crypt _csv _ctypes _ctypes_test _curses _curses_panel _datetime _dbm _elementtree _gdbm _hashlib
_lsprof _lzma _md5 _multibytecodec _multiprocessing _pickle _posixshmem _posixsubprocess _queue
_scproxy _sha1 _sha256 _sha3 _socket _sqlite3 _ssl _testbuffer _testcapi _testclinic
_testimportmultiple _testinternalcapi _testmultiphase _tkinter _uuid _xxsubinterpreters _xxtestfuzz
_zoneinfo array audioop binascii fcntl grp mmap nis ossaudiodev pwd pyexpat readline resource select
spwd syslog termios xxlimited xxlimited_35 xxsubtype zlib
MODULES
mkdir -p Modules
cp Setup.local Modules/Setup.local

# WebAssembly reads numbers at any address.
export ac_cv_aligned_required=no
export CONFIG_SITE="$source/Tools/wasm/config.site-wasm32-wasi"
export CC="clang-16 --target=wasm32-wasi --sysroot=/usr"
export CPP="$CC -E" AR=llvm-ar-16 RANLIB=llvm-ranlib-16 READELF=true
export OPT="" CFLAGS="$OPTIMISATION -g0 -DNDEBUG -isystem /usr/include/wasm32-wasi \
  -ffile-prefix-map=$source=python -ffile-prefix-map=$PWD=build -Wno-int-conversion \
  -D_WASI_EMULATED_SIGNAL -D_WASI_EMULATED_GETPID -D_WASI_EMULATED_PROCESS_CLOCKS \
  -DPy_DEFAULT_RECURSION_LIMIT=1000"
export LDFLAGS="-L/usr/lib/wasm32-wasi"

"$source/configure" --quiet --host=wasm32-unknown-wasi --build=x86_64-pc-linux-gnu \
  --with-build-python=/usr/bin/python3.11 --prefix=/python --with-pymalloc --without-ensurepip \
  --enable-big-digits=30 --with-hash-algorithm=siphash13 --disable-test-modules --disable-ipv6 > configure.log 2>&1
make -j"$JOBS" libpython3.11.a Modules/_decimal/libmpdec/libmpdec.a > make.log 2>&1
