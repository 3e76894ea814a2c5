# Linux on x86-64 with the CUDA backend: Turing to Hopper as machine code, newer GPUs through PTX.
#
#   ./sled build linux-x86_64-cuda
#   ./sled build linux-x86_64-cuda -DCMAKE_CUDA_ARCHITECTURES=90-real      one generation, several times as fast
include("${CMAKE_CURRENT_LIST_DIR}/linux-x86_64.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/cuda.cmake")
sled_cuda_toolchain(75-real 80-real 86-real 89-real 90)
