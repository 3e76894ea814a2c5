# SLED_BUILD_PEERS=ON: the programs of llama.cpp that SLED is measured against: llama-server, and llama-batched-bench
# for what the machine can do at all. They come to lie beside their libraries, in SLED_LIB_DIR; the tree is one of its
# own (./sled build peers: native/target/peers), so no package can carry them and neither build disturbs the other.

# What llama.cpp needs switched on to have these programs, and off to need no network and no further libraries. Sets
# its options in the caller's scope, before llama.cpp is added.
macro(sled_peer_options)
  foreach(part COMMON TOOLS SERVER)
    set(LLAMA_BUILD_${part} ON)
  endforeach()
  set(LLAMA_TOOLS_INSTALL OFF)
  set(LLAMA_OPENSSL OFF)          # loopback only
  set(LLAMA_USE_PREBUILT_UI OFF)  # no download of a web page
  set(MTMD_VIDEO OFF)
endmacro()

function(sled_build_peers)
  set(peers llama-server llama-batched-bench)
  # What they are linked to and is a library of its own; sled_place_library() did those of ggml and libllama.
  foreach(target llama-common mtmd llama-server-impl llama-batched-bench-impl)
    sled_place_library(${target})
  endforeach()
  # llama.cpp looks for its compute backends beside the program.
  set_target_properties(${peers} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${SLED_LIB_DIR}")
  add_custom_target(peers ALL DEPENDS ${peers} ${SLED_BACKENDS})
endfunction()
