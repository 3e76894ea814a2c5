# Linux on x86-64, for packages: any CPU with SSE2, and one CPU backend per generation up to AVX-512 and AMX, of which
# the best that the CPU has is chosen at run time.
#
#   ./sled build linux-x86_64
#   cmake -S native -B build -DCMAKE_TOOLCHAIN_FILE=$PWD/toolchains/linux-x86_64.cmake
include("${CMAKE_CURRENT_LIST_DIR}/architecture.cmake")
sled_architecture(x86_64)
