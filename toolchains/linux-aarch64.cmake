# Linux on 64-bit Arm: Raspberry Pi 4 and 5, Jetson without its GPU, Graviton, Ampere, any ARMv8 board.
#
#   ./sled build linux-aarch64
#   cmake -S native -B build -DCMAKE_TOOLCHAIN_FILE=$PWD/toolchains/linux-aarch64.cmake
#
# From an x86-64 machine this takes GNU's cross compiler and, for tests, QEMU's user mode; on an aarch64 machine its
# own compiler. One CPU backend per generation (NEON, dot product, fp16, SVE, i8mm) is built; the best that the CPU
# has is chosen at run time.
include("${CMAKE_CURRENT_LIST_DIR}/architecture.cmake")
sled_architecture(aarch64)
