# sled_drop_unsupported_variants(targets...): CPU backends whose -march this compiler does not know (SME before GCC 14)
# would end the build; ggml adds them all the same. They become empty and stay out of the package; a CPU with that
# feature takes the next best one.
include(CheckCCompilerFlag)

function(sled_drop_unsupported_variants dropped_variable)
  set(dropped)
  foreach(target IN LISTS ARGN)
    if(NOT target MATCHES "^ggml-cpu-")
      continue()
    endif()
    get_target_property(options ${target} COMPILE_OPTIONS)
    string(REGEX MATCH "-march=[^;>]+" march "${options}")
    if(NOT march)
      continue()
    endif()
    string(MAKE_C_IDENTIFIER "SLED_COMPILER_KNOWS_${march}" known)
    check_c_compiler_flag(${march} ${known})
    if(NOT ${known})
      message(STATUS "CPU backend ${target} is left out: ${CMAKE_C_COMPILER_ID} ${CMAKE_C_COMPILER_VERSION} does not "
        "know ${march}")
      file(WRITE "${CMAKE_CURRENT_BINARY_DIR}/generated/empty.c" "typedef int sled_empty;\n")
      set_target_properties(${target} PROPERTIES SOURCES "${CMAKE_CURRENT_BINARY_DIR}/generated/empty.c"
        COMPILE_OPTIONS "" LIBRARY_OUTPUT_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/left-out")
      list(APPEND dropped ${target})
    endif()
  endforeach()
  set(${dropped_variable} "${dropped}" PARENT_SCOPE)
endfunction()
