# Linux on 64-bit Arm: Raspberry Pi 4 and 5, Jetson without its GPU, Graviton, Ampere, any ARMv8 board.
#
#   ./sled build linux-aarch64
#   cmake -S native -B build -DCMAKE_TOOLCHAIN_FILE=$PWD/toolchains/linux-aarch64.cmake
#
# From an x86-64 machine this takes GNU's cross compiler and, for tests, QEMU's user mode; on an aarch64 machine its
# own compiler. One CPU backend per generation (NEON, dot product, fp16, SVE, i8mm) is built; the best that the CPU
# has is chosen at run time.
set(SLED_PORTABLE ON CACHE BOOL "One CPU backend per CPU generation, picked at run time")

if(NOT CMAKE_HOST_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
  set(CMAKE_SYSTEM_NAME Linux)
  set(CMAKE_SYSTEM_PROCESSOR aarch64)
  set(SLED_CROSS_PREFIX aarch64-linux-gnu-)

  if(NOT CMAKE_C_COMPILER)
    set(CMAKE_C_COMPILER ${SLED_CROSS_PREFIX}gcc)
    set(CMAKE_CXX_COMPILER ${SLED_CROSS_PREFIX}g++)
  endif()

  # Programs of the build run here, everything that is linked or included is the target's.
  set(CMAKE_FIND_ROOT_PATH /usr/aarch64-linux-gnu)
  set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
  set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
  set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
  set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)

  # ctest runs the tests in it.
  set(CMAKE_CROSSCOMPILING_EMULATOR "${CMAKE_CURRENT_LIST_DIR}/emulate-aarch64.sh")
endif()
