# SLED_SANITIZE=ON: AddressSanitizer (with its leak check) and UndefinedBehaviorSanitizer; the first finding ends the
# test. Include before llama.cpp is added: AddressSanitizer sees an overflow only in code that it compiled, and our
# buffers are written by llama.cpp too. UndefinedBehaviorSanitizer watches our own targets alone (sled_sanitize).
option(SLED_SANITIZE "Build with AddressSanitizer and UndefinedBehaviorSanitizer" OFF)

if(SLED_SANITIZE)
  add_compile_options(-fsanitize=address -fno-omit-frame-pointer -g1)
  add_link_options(-fsanitize=address)
endif()

function(sled_sanitize target)
  if(SLED_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=undefined -fno-sanitize-recover=all)
    target_link_options(${target} PRIVATE -fsanitize=undefined)
  endif()
endfunction()
