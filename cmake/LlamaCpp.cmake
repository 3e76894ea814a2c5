# Where llama.cpp's source comes from.
#
# The pin: the npm package node-llama-cpp carries the source of one llama.cpp release as a git bundle, for its own
# offline builds. A published npm version never changes and the commit id covers every file, so these three lines
# name the source exactly. It is fetched with the user's own npm settings (mirror, proxy) and cached outside of the
# checkout, once per commit.
set(SLED_LLAMA_CPP_PACKAGE node-llama-cpp@3.22.1)
set(SLED_LLAMA_CPP_BUNDLE package/llama/gitRelease.bundle)
set(SLED_LLAMA_CPP_COMMIT de3ff815ea7d559ee917f063901b8986f038abc6)

# What SLED changes in it; the patch says why. A checkout of the user's own is built as it is.
set(SLED_LLAMA_CPP_PATCH "${CMAKE_CURRENT_LIST_DIR}/llama-cpp.patch")
# What the patch includes
set(SLED_LLAMA_CPP_KERNELS "${CMAKE_CURRENT_LIST_DIR}/../native/ggml")

set(SLED_LLAMA_CPP_DIR "" CACHE PATH "Build against this llama.cpp checkout instead of the pinned release")

# Sets <dir_variable> to a llama.cpp source tree and <commit_variable> to its commit id. Where it is patched, "+" and an id
# of the patch and of what it includes follow: results that are remembered from other kernels do not count.
function(sled_llama_cpp dir_variable commit_variable)
  set(own "${SLED_LLAMA_CPP_DIR}")
  if(NOT own AND NOT "$ENV{SLED_LLAMA_CPP_DIR}" STREQUAL "")
    set(own "$ENV{SLED_LLAMA_CPP_DIR}")
  endif()
  if(own)
    get_filename_component(own "${own}" ABSOLUTE)
    if(NOT EXISTS "${own}/CMakeLists.txt" OR NOT EXISTS "${own}/include/llama.h")
      message(FATAL_ERROR "SLED_LLAMA_CPP_DIR=${own} is not a llama.cpp checkout: "
        "CMakeLists.txt or include/llama.h is missing there.")
    endif()
    _sled_git_commit("${own}" commit)
    if(NOT commit STREQUAL SLED_LLAMA_CPP_COMMIT)
      message(STATUS "llama.cpp: ${own} is at ${commit}, SLED is tested with ${SLED_LLAMA_CPP_COMMIT}")
    endif()
    set(${dir_variable} "${own}" PARENT_SCOPE)
    set(${commit_variable} "${commit}" PARENT_SCOPE)
    return()
  endif()

  _sled_cache_dir(cache)
  file(SHA256 "${SLED_LLAMA_CPP_PATCH}" patch)
  string(SUBSTRING "${patch}" 0 8 patch)
  set(source "${cache}/llama.cpp-${SLED_LLAMA_CPP_COMMIT}+${patch}")
  if(NOT EXISTS "${source}")
    _sled_fetch_llama_cpp("${cache}" "${source}")
  endif()
  set(${dir_variable} "${source}" PARENT_SCOPE)
  _sled_kernels_id(kernels)
  set(${commit_variable} "${SLED_LLAMA_CPP_COMMIT}+${patch}+${kernels}" PARENT_SCOPE)
endfunction()

function(_sled_kernels_id variable)
  file(GLOB headers "${SLED_LLAMA_CPP_KERNELS}/*.h")
  list(SORT headers)
  set(sums)
  foreach(header IN LISTS headers)
    file(SHA256 "${header}" sum)
    string(APPEND sums "${sum}")
  endforeach()
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${headers})
  string(SHA256 sum "${sums}")
  string(SUBSTRING "${sum}" 0 8 sum)
  set(${variable} "${sum}" PARENT_SCOPE)
endfunction()

function(_sled_cache_dir variable)
  if(NOT "$ENV{SLED_CACHE_DIR}" STREQUAL "")
    set(base "$ENV{SLED_CACHE_DIR}")
  elseif(NOT "$ENV{XDG_CACHE_HOME}" STREQUAL "")
    set(base "$ENV{XDG_CACHE_HOME}")
  elseif(NOT "$ENV{HOME}" STREQUAL "")
    set(base "$ENV{HOME}/.cache")
  else()
    message(FATAL_ERROR "No place to keep llama.cpp's source: set SLED_CACHE_DIR (HOME is not set).")
  endif()
  get_filename_component(base "${base}" ABSOLUTE)
  set(${variable} "${base}/sled" PARENT_SCOPE)
endfunction()

function(_sled_git_commit dir variable)
  execute_process(COMMAND git -C "${dir}" rev-parse HEAD
    OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    set(commit "unknown")
  endif()
  set(${variable} "${commit}" PARENT_SCOPE)
endfunction()

# Everything happens in a directory of its own, and one rename publishes the result: a broken download leaves nothing
# that looks complete, and of two builds at once the later one finds the other's result and drops its own.
function(_sled_fetch_llama_cpp cache destination)
  # What a build that was killed left behind; those at work now are younger.
  file(GLOB left_behind "${cache}/fetch-*")
  string(TIMESTAMP now "%s" UTC)
  foreach(directory IN LISTS left_behind)
    file(TIMESTAMP "${directory}" begun "%s" UTC)
    math(EXPR age "${now} - ${begun}")
    if(age GREATER 86400)
      file(REMOVE_RECURSE "${directory}")
    endif()
  endforeach()

  string(RANDOM LENGTH 8 suffix)
  set(work "${cache}/fetch-${suffix}")
  file(MAKE_DIRECTORY "${work}")

  message(STATUS "llama.cpp: fetching ${SLED_LLAMA_CPP_PACKAGE} with npm (once, 36 MB) ...")
  execute_process(COMMAND npm pack --silent "${SLED_LLAMA_CPP_PACKAGE}"
    WORKING_DIRECTORY "${work}" RESULT_VARIABLE status OUTPUT_QUIET ERROR_VARIABLE error)
  file(GLOB archive "${work}/*.tgz")
  if(NOT status EQUAL 0 OR NOT archive)
    file(REMOVE_RECURSE "${work}")
    string(STRIP "${status} ${error}" error)
    message(FATAL_ERROR "llama.cpp's source is neither cached in\n"
      "  ${destination}\n"
      "nor could it be fetched (npm: ${error}).\n"
      "Either connect to the network once and build again; `npm pack ${SLED_LLAMA_CPP_PACKAGE}` must work. Or give "
      "a checkout of your own:\n"
      "  SLED_LLAMA_CPP_DIR=/path/to/llama.cpp ./sled build\n"
      "  cmake -S native -B build -DSLED_LLAMA_CPP_DIR=/path/to/llama.cpp\n"
      "(SLED is tested with llama.cpp commit ${SLED_LLAMA_CPP_COMMIT}.)")
  endif()

  message(STATUS "llama.cpp: unpacking ...")
  execute_process(COMMAND "${CMAKE_COMMAND}" -E tar xzf "${archive}" "${SLED_LLAMA_CPP_BUNDLE}"
    WORKING_DIRECTORY "${work}" RESULT_VARIABLE status ERROR_VARIABLE error)
  if(status EQUAL 0)
    execute_process(COMMAND git clone --quiet "${SLED_LLAMA_CPP_BUNDLE}" llama.cpp
      WORKING_DIRECTORY "${work}" RESULT_VARIABLE status OUTPUT_QUIET ERROR_VARIABLE error)
  endif()
  if(NOT status EQUAL 0)
    file(REMOVE_RECURSE "${work}")
    message(FATAL_ERROR "llama.cpp: ${SLED_LLAMA_CPP_PACKAGE} does not unpack: ${error}")
  endif()
  _sled_git_commit("${work}/llama.cpp" commit)
  if(NOT commit STREQUAL SLED_LLAMA_CPP_COMMIT)
    file(REMOVE_RECURSE "${work}")
    message(FATAL_ERROR "llama.cpp: ${SLED_LLAMA_CPP_PACKAGE} holds commit ${commit}, "
      "expected ${SLED_LLAMA_CPP_COMMIT}. Nothing was built from it.")
  endif()

  execute_process(COMMAND git -C "${work}/llama.cpp" apply "${SLED_LLAMA_CPP_PATCH}"
    RESULT_VARIABLE status ERROR_VARIABLE error)
  if(NOT status EQUAL 0)
    file(REMOVE_RECURSE "${work}")
    message(FATAL_ERROR "llama.cpp: ${SLED_LLAMA_CPP_PATCH} does not apply: ${error}")
  endif()

  # A rename onto a directory that is not empty fails: then the other build was first.
  execute_process(COMMAND "${CMAKE_COMMAND}" -E rename "${work}/llama.cpp" "${destination}"
    RESULT_VARIABLE status ERROR_VARIABLE error)
  file(REMOVE_RECURSE "${work}")
  if(NOT status EQUAL 0 AND NOT EXISTS "${destination}/CMakeLists.txt")
    message(FATAL_ERROR "llama.cpp: cannot put the source into ${destination}: ${error}")
  endif()
  message(STATUS "llama.cpp: source of ${SLED_LLAMA_CPP_COMMIT} is in ${destination}")
endfunction()
