# Jetson with JetPack 6 (Ubuntu 22.04, CUDA 12): linux-aarch64 with the CUDA backend for Orin (sm_87).
#
#   ./sled build jetson-orin
#   SLED_CUDA_ROOT=/path/to/cuda cmake -S native -B build -DCMAKE_TOOLCHAIN_FILE=$PWD/toolchains/jetson-orin.cmake
#
# Other boards: ./sled build jetson-orin -DCMAKE_CUDA_ARCHITECTURES=72 (Xavier, with CUDA 12 only; GPUs of Thor need a
# toolkit that knows them, CUDA 13: -DCMAKE_CUDA_ARCHITECTURES=110 with SLED_CUDA_ROOT).
include("${CMAKE_CURRENT_LIST_DIR}/linux-aarch64.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/cuda.cmake")
sled_cuda_toolchain(87-real)
