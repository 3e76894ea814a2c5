# Linux on x86-64, for packages: any CPU with SSE2, and one CPU backend per generation up to AVX-512 and AMX, of which
# the best that the CPU has is chosen at run time.
#
#   ./sled build linux-x86_64
#   cmake -S native -B build -DCMAKE_TOOLCHAIN_FILE=$PWD/toolchains/linux-x86_64.cmake
set(SLED_PORTABLE ON CACHE BOOL "One CPU backend per CPU generation, picked at run time")

if(NOT CMAKE_HOST_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64)$")
  set(CMAKE_SYSTEM_NAME Linux)
  set(CMAKE_SYSTEM_PROCESSOR x86_64)
  set(SLED_CROSS_PREFIX x86_64-linux-gnu-)
  if(NOT CMAKE_C_COMPILER)
    set(CMAKE_C_COMPILER ${SLED_CROSS_PREFIX}gcc)
    set(CMAKE_CXX_COMPILER ${SLED_CROSS_PREFIX}g++)
  endif()
endif()
