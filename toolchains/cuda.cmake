# Included by the toolchain files of platforms with a CUDA backend. The toolkit comes as SLED_CUDA_ROOT, from the
# environment, because CMake reads a toolchain file anew for every compiler check and hands no -D of ours to it.
# `./sled build` sets it to what toolchains/cuda-toolkit.sh found.
#
# sled_cuda_toolchain(architectures...): CUDA for these, unless CMAKE_CUDA_ARCHITECTURES says otherwise.
set(SLED_CUDA ON CACHE BOOL "Build the CUDA backend as well")

macro(sled_cuda_toolchain)
  if(NOT CMAKE_CUDA_ARCHITECTURES)
    set(CMAKE_CUDA_ARCHITECTURES "${ARGN}" CACHE STRING "GPU generations")
  endif()
  set(SLED_CUDA_ROOT "$ENV{SLED_CUDA_ROOT}")
  if(SLED_CUDA_ROOT)
    set(CUDAToolkit_ROOT "${SLED_CUDA_ROOT}")
    if(NOT CMAKE_CUDA_COMPILER)
      set(CMAKE_CUDA_COMPILER "${SLED_CUDA_ROOT}/bin/nvcc")
    endif()
    list(APPEND CMAKE_FIND_ROOT_PATH "${SLED_CUDA_ROOT}")
  endif()
  if(NOT CMAKE_CUDA_HOST_COMPILER AND CMAKE_CXX_COMPILER)
    set(CMAKE_CUDA_HOST_COMPILER "${CMAKE_CXX_COMPILER}")
  endif()
endmacro()
