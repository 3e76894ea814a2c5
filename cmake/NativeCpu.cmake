# One CPU backend, for the processor that the build runs on.
#
# GGML_NATIVE (-march=native) would be the short way, but ggml's loader of dynamic backends must know on x86 which
# instruction sets a backend needs, so ggml refuses that combination. So the compiler is asked what "native" means, and
# ggml is told one by one. The backend is then the very code that a package's variant for this CPU contains.
function(sled_native_cpu)
  if(NOT SLED_PLATFORM STREQUAL "linux-x86_64")
    set(GGML_NATIVE ON PARENT_SCOPE)
    return()
  endif()
  set(GGML_NATIVE OFF PARENT_SCOPE)
  execute_process(COMMAND "${CMAKE_C_COMPILER}" -march=native -dM -E -x c /dev/null
    OUTPUT_VARIABLE macros RESULT_VARIABLE status ERROR_VARIABLE error)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${CMAKE_C_COMPILER} -march=native: ${error}")
  endif()
  set(found)
  foreach(pair SSE42=SSE4_2 AVX=AVX F16C=F16C FMA=FMA AVX2=AVX2 BMI2=BMI2 AVX_VNNI=AVXVNNI
      AVX512=AVX512F,AVX512CD,AVX512VL,AVX512DQ,AVX512BW AVX512_VBMI=AVX512VBMI AVX512_VNNI=AVX512VNNI
      AVX512_BF16=AVX512BF16 AMX_TILE=AMX_TILE AMX_INT8=AMX_INT8 AMX_BF16=AMX_BF16)
    string(REGEX MATCH "^([^=]+)=(.+)$" pair "${pair}")
    set(feature ${CMAKE_MATCH_1})
    string(REPLACE "," ";" needed "${CMAKE_MATCH_2}")
    set(supported ON)
    foreach(macro IN LISTS needed)
      if(NOT macros MATCHES "#define __${macro}__ 1")
        set(supported OFF)
      endif()
    endforeach()
    set(GGML_${feature} ${supported} PARENT_SCOPE)
    if(supported)
      list(APPEND found ${feature})
    endif()
  endforeach()
  list(JOIN found " " found)
  message(STATUS "CPU backend for this processor: ${found}")
endfunction()
