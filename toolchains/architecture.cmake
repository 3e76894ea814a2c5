# Included by the toolchain files.
#
# sled_architecture(x86_64|aarch64): portable code for this architecture, with GNU's cross compiler where the machine
# that builds is another.
set(SLED_PORTABLE ON CACHE BOOL "One CPU backend per CPU generation, picked at run time")

macro(sled_architecture architecture)
  if(NOT CMAKE_HOST_SYSTEM_PROCESSOR STREQUAL "${architecture}")
    set(CMAKE_SYSTEM_NAME Linux)
    set(CMAKE_SYSTEM_PROCESSOR ${architecture})
    if(NOT CMAKE_C_COMPILER)
      set(CMAKE_C_COMPILER ${architecture}-linux-gnu-gcc)
      set(CMAKE_CXX_COMPILER ${architecture}-linux-gnu-g++)
    endif()

    # Programs of the build run here, everything that is linked or included is the target's.
    set(CMAKE_FIND_ROOT_PATH /usr/${architecture}-linux-gnu)
    set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
    set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
    set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
    set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)

    # ctest runs the tests in it.
    if(EXISTS "${CMAKE_CURRENT_LIST_DIR}/emulate-${architecture}.sh")
      set(CMAKE_CROSSCOMPILING_EMULATOR "${CMAKE_CURRENT_LIST_DIR}/emulate-${architecture}.sh")
    endif()
  endif()
endmacro()
